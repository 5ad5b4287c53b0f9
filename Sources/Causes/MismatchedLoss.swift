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
      quantity: "\(evidence.recipe.loss.name) on \(output(evidence.recipe))", value: 10,
      reference: 1)
  }

  static func isMatched(_ evidence: Evidence) -> Bool {
    let output = output(evidence.recipe)
    switch evidence.recipe.loss.ingredient {
    case is SoftmaxCrossEntropy, is SigmoidCrossEntropy: return output == Linear.name
    case is CrossEntropy: return output == Softmax.name
    case is BinaryCrossEntropy: return output == Sigmoid.name
    default:
      guard let range = evidence.problem.summary.targetRange else { return false }
      if evidence.recipe.standardize.includesTargets { return output == Linear.name }
      switch output {
      case Linear.name: return true
      case Sigmoid.name: return range.lowerBound >= 0 && range.upperBound <= 1
      case Tanh.name, HardTanh.name: return range.lowerBound >= -1 && range.upperBound <= 1
      case Softmax.name:
        return evidence.problem.summary.targetColumns > 1 && range.lowerBound >= 0
          && range.upperBound <= 1
      default: return range.lowerBound >= 0
      }
    }
  }

  /// The activation the network ends in.
  private static func output(_ recipe: Recipe) -> String {
    switch recipe.leaves.last?.ingredient {
    case let activation as any Activation: type(of: activation).name
    case let layer as any Activated: layer.activation.name
    default: Linear.name
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
    let isClassification = evidence.problem.summary.targets == nil || isProbability(evidence)
    recipe.loss =
      isClassification
      ? (isOneColumn ? .sigmoidCrossEntropy : .softmaxCrossEntropy) : .meanSquaredError
    return recipe
  }

  /// Numeric targets under a cross-entropy are probabilities.
  private static func isProbability(_ evidence: Evidence) -> Bool {
    let loss = evidence.recipe.loss.ingredient
    return !(loss is MeanSquaredError || loss is MeanAbsoluteError || loss is Huber)
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
