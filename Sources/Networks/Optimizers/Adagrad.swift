import CKernels
import KeelSettings

/// A rate for each parameter, which falls with the squared gradients it has seen.
///
/// **Definition** s ← s + g²; w ← w − lr·g/(√s + epsilon). As PyTorch's `Adagrad`.
///
/// **Effect on gradients** The first step of every parameter is about lr, whatever the gradient.
///
/// **References** Duchi et al., *Adaptive subgradient methods*, JMLR 2011.
public struct Adagrad: Optimizer {
  public static let name = "adagrad"
  public static let summary = "rates that fall with the sum of squared gradients"
  public static let referenceRate = 0.01
  public static let isElementwise = true
  public static let fields: [Field<Adagrad>] = [
    .init("learning-rate", \.learningRate, .nonNegative, "size of the first step"),
    .init("epsilon", \.epsilon, .nonNegative, "added to the root"),
    .init("initial-accumulator", \.initialAccumulator, .nonNegative, "where the sum begins"),
  ]
  /// The size of the first step, before the schedule.
  public var learningRate = 0.01
  /// Added to the root, in units of the gradient.
  public var epsilon = 1e-10
  /// Where the sums of squares begin, in squared units of the gradient.
  public var initialAccumulator = 0.0

  public init() {}

  public var initialSlots: KeyValuePairs<String, Float> {
    ["sum-of-squares": Float(initialAccumulator)]
  }

  public func update(_ tensor: Update) -> UpdateMeasure {
    UpdateMeasure(
      keel_adagrad(
        tensor.weights, tensor.gradients, tensor.slot(0), tensor.count, tensor.scale,
        Float(tensor.learningRate), Float(epsilon)))
  }
}

extension Choice where F == Optimizers {
  /// `adagrad: {learning-rate: …, epsilon: …, initial-accumulator: …}` in a recipe.
  public static func adagrad(
    learningRate: Double = 0.01, epsilon: Double = 1e-10, initialAccumulator: Double = 0
  ) -> Choice {
    var adagrad = Adagrad()
    (adagrad.learningRate, adagrad.epsilon) = (learningRate, epsilon)
    adagrad.initialAccumulator = initialAccumulator
    return Choice(adagrad)
  }
}
