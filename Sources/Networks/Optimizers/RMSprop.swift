import CKernels
import KeelSettings

/// Steps divided by a running root mean square of the gradient.
///
/// **Definition** s ← rho·s + (1 − rho)·g²; w ← w − lr·g/(√s + epsilon). As PyTorch's `RMSprop`.
///
/// **Effect on gradients** The first step is lr/√(1 − rho): ten times lr at rho = 0.99.
///
/// **References** Tieleman and Hinton, *Lecture 6.5*, 2012.
public struct RMSprop: Optimizer {
  public static let name = "rmsprop"
  public static let summary = "steps divided by the running root mean square"
  /// A running square, as Adam's beta2.
  public static let retentions = ["rho": Retention(reference: 0.99, usual: 0.9...0.9999)]
  public static let isElementwise = true
  public static let fields: [Field<RMSprop>] = [
    .init("learning-rate", \.learningRate, .nonNegative, "size of a step"),
    .init("rho", \.rho, .fraction, "share of the running mean that is kept"),
    .init("epsilon", \.epsilon, .nonNegative, "added to the root"),
  ]
  /// The size of a step, before the schedule.
  public var learningRate = 0.01
  /// Share of the running mean square that is kept in a step, in [0, 1).
  public var rho = 0.99
  /// Added to the root, in units of the gradient.
  public var epsilon = 1e-8

  public init() {}

  public var initialSlots: KeyValuePairs<String, Float> { ["square-average": 0] }

  public func update(_ tensor: Update) -> UpdateMeasure {
    UpdateMeasure(
      keel_rmsprop(
        tensor.weights, tensor.gradients, tensor.slot(0), tensor.count, tensor.scale,
        Float(tensor.learningRate), rho, Float(epsilon)))
  }
}

extension Choice where F == Optimizers {
  /// `rmsprop: {learning-rate: …, rho: …, epsilon: …}` in a recipe.
  public static func rmsprop(
    learningRate: Double = 0.01, rho: Double = 0.99, epsilon: Double = 1e-8
  ) -> Choice {
    var rmsprop = RMSprop()
    (rmsprop.learningRate, rmsprop.rho, rmsprop.epsilon) = (learningRate, rho, epsilon)
    return Choice(rmsprop)
  }
}
