import KeelNetworks
import KeelRecipes
import KeelSettings

/// The loss does not fit the output activation, or the targets.
///
/// **Definition** A violation of one of these: squared and absolute errors are for numbers, and
/// their outputs must reach every target; cross-entropy on probabilities ends in a softmax, binary
/// cross-entropy in a sigmoid; cross-entropies on logits end in a linear output.
public enum MismatchedLoss: Cause {
  public static let name = "mismatched-loss"
  public static let summary = "the loss does not fit the output or the targets"

  public static func deviation(in evidence: Evidence) -> Deviation? {
    guard !isMatched(evidence) else { return nil }
    // A category has no distance: a factor of 10 stands for it where deviations are ranked.
    return Deviation(
      quantity:
        "\(evidence.recipe.loss.name) on \(type(of: output(evidence.recipe)).name)", value: 10,
      reference: 1)
  }

  static func isMatched(_ evidence: Evidence) -> Bool {
    let output = output(evidence.recipe)
    switch evidence.recipe.loss.member.outputForm {
    case .logits: return output is Linear
    case .distribution: return output is Softmax
    case .probability: return output is Sigmoid
    case .numbers:
      guard let range = evidence.problem.summary.targetRange else { return false }
      if evidence.recipe.standardize.includesTargets { return output is Linear }
      // Of one column a softmax makes 1, whatever comes in.
      if output is Softmax, evidence.problem.summary.targetColumns == 1 { return false }
      return output.targetRange.contains(range.lowerBound)
        && output.targetRange.contains(range.upperBound)
    }
  }

  /// The activation the network ends in.
  private static func output(_ recipe: Recipe) -> any Activation {
    switch recipe.leaves.last?.ingredient {
    case let activation as any Activation: activation
    case let layer as any Activated: layer.activation.member
    default: Linear()
    }
  }

  /// A linear output, under softmax cross-entropy for classes, sigmoid cross-entropy for one yes or
  /// no, squared error for numbers.
  public static func reset(_ evidence: Evidence) -> Recipe? {
    var recipe = evidence.recipe.replacingLast { choice in
      if choice.ingredient is any Activation { return [] }
      return [(choice.ingredient as? any Affine)?.split?.product ?? choice]
    }
    let isOneColumn = (recipe.leaves.last?.ingredient as? Dense)?.units == 1
    // Numeric targets under a cross-entropy are probabilities.
    let isClassification =
      evidence.problem.summary.targets == nil
      || evidence.recipe.loss.member.outputForm != .numbers
    recipe.loss =
      isClassification
      ? (isOneColumn ? .sigmoidCrossEntropy : .softmaxCrossEntropy) : .meanSquaredError
    return recipe
  }

  public static let guilty: [Recipe] = [
    spirals(.relu, .crossEntropy), spirals(.relu, .crossEntropy, units: 48),
  ]

  public static let innocent: [Recipe] = [
    spirals(.softmax, .crossEntropy), spirals(.linear, .softmaxCrossEntropy),
  ]

  /// A ReLU output may be zero in every column, and cross-entropy then divides 0 by 0.
  private static func spirals(
    _ output: Choice<Layers>, _ loss: Choice<Losses>, units: Int = 24
  ) -> Recipe {
    Recipe(
      name: "\(output.name)-\(loss.name)-\(units)",
      data: .spirals(samples: 600, classes: 3, noise: 0.05),
      model: [.dense(units), .relu, .dense(3), output], initializer: .he(), loss: loss,
      optimizer: .adam(learningRate: 0.001), training: .init(epochs: 60, batch: 32))
  }
}
