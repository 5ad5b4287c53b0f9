import KeelNetworks
import KeelRecipes
import KeelSettings

/// The loss does not fit the output activation, or the targets.
///
/// **Definition** A violation of one of these: squared and absolute errors are for numbers, and
/// their outputs must reach every target; cross-entropy on probabilities ends in a softmax, binary
/// cross-entropy in a sigmoid; cross-entropies on logits end in a linear output. No output is
/// squashed twice (a softmax or sigmoid of a softmax or sigmoid).
public enum MismatchedLoss: Cause {
  public static let name = "mismatched-loss"
  public static let summary = "the loss does not fit the output or the targets"

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    setting == "loss" || setting == "criterion"
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    guard !isMatched(evidence) else { return nil }
    // A category has no distance: a factor of 10 stands for it where deviations are ranked.
    let names = outputs(evidence.recipe).map { type(of: $0).name }.joined(separator: " of ")
    return Deviation(
      quantity: "\(evidence.recipe.loss.name) on \(names)", value: 10, reference: 1)
  }

  static func isMatched(_ evidence: Evidence) -> Bool {
    // Output and loss of another's program are not known here.
    guard evidence.problem.engine == nil else { return true }
    let outputs = outputs(evidence.recipe)
    guard outputs.count == 1, let output = outputs.first else { return false }
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

  /// The activation the network ends in, and behind it those that it squashes once more.
  private static func outputs(_ recipe: Recipe) -> [any Activation] {
    var outputs: [any Activation] = []
    for layer in recipe.leaves.reversed().map(\.ingredient) {
      let own = layer as? any Activation
      guard let activation = own ?? (layer as? any Activated)?.activation.member,
        outputs.last.map({ isSquashing($0) && isSquashing(activation) }) ?? true
      else { break }
      outputs.append(activation)
      if own == nil { break }
    }
    return outputs.isEmpty ? [Linear()] : outputs
  }

  private static func isSquashing(_ activation: any Activation) -> Bool {
    activation is Softmax || activation is Sigmoid
  }

  /// A linear output, under softmax cross-entropy for classes, sigmoid cross-entropy for one yes or
  /// no, squared error for numbers.
  public static func reset(_ evidence: Evidence) -> Recipe? {
    var recipe = outputs(evidence.recipe).reduce(evidence.recipe) { recipe, _ in
      recipe.replacingLast { choice in
        if choice.ingredient is any Activation { return [] }
        return [(choice.ingredient as? any Affine)?.split?.product ?? choice]
      }
    }
    // A loss on logarithms of rates is for counts, and needs no more than a linear output.
    if recipe.loss.member.link == .exponential { return recipe }
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
    spirals([.relu], .crossEntropy), spirals([.relu], .crossEntropy, units: 48),
    spirals([.softmax, .softmax], .crossEntropy, optimizer: .sgd(learningRate: 0.001)),
  ]

  public static let innocent: [Recipe] = [
    spirals([.softmax], .crossEntropy), spirals([.linear], .softmaxCrossEntropy),
  ]

  /// A ReLU output may be zero in every column, and cross-entropy then divides 0 by 0.
  private static func spirals(
    _ outputs: [Choice<Layers>], _ loss: Choice<Losses>, units: Int = 24,
    optimizer: Choice<Optimizers> = .adam(learningRate: 0.001)
  ) -> Recipe {
    Recipe(
      name: "\(outputs.map(\.name).joined(separator: "-"))-\(loss.name)-\(units)",
      data: .spirals(samples: 600, classes: 3, noise: 0.05),
      model: [.dense(units), .relu, .dense(3)] + outputs, initializer: .he(), loss: loss,
      optimizer: optimizer, training: .init(epochs: 60, batch: 32))
  }
}
