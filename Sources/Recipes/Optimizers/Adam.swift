import CKernels
import KeelEngine

/// Momentum divided by a running root mean square, both corrected for their start at zero.
///
/// **Definition** m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²;
/// w ← w − lr·(m/(1 − β₁ᵗ))/(√(v/(1 − β₂ᵗ)) + epsilon). As PyTorch's `Adam`.
///
/// **Effect on gradients** A step is about lr whatever the gradient's size; the preconditioned
/// sharpness is stable below (2 + 2β₁)/((1 − β₁)lr).
///
/// **Non-finite values** A finite gradient above 1.8e19 overflows v; the update then reports it.
///
/// **References** Kingma and Ba, ICLR 2015; Cohen et al., *Adaptive gradient methods at the edge of
/// stability*, 2022.
public struct Adam: Optimizer {
  public static let name = "adam"
  public static let summary = "momentum divided by the running root mean square"
  public static let fields: [Field<Adam>] = [
    .init("learning-rate", \.learningRate, .nonNegative, "size of a step"),
    .init("beta1", \.beta1, .fraction, "share of the running mean that is kept"),
    .init("beta2", \.beta2, .fraction, "share of the running square that is kept"),
    .init("epsilon", \.epsilon, .nonNegative, "added to the root"),
  ]
  public var learningRate = 0.001
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var epsilon = 1e-8

  public init() {}

  public var initialSlots: [Float] { [0, 0] }

  public func update(_ tensor: Update) -> UpdateMeasure {
    UpdateMeasure(
      keel_adam(
        tensor.weights, tensor.gradients, tensor.slot(0), tensor.slot(1), tensor.count,
        tensor.scale, tensor.learningRate, beta1, beta2, epsilon, 0, Int64(tensor.step)))
  }
}

extension Choice where F == Optimizers {
  /// `adam: {learning-rate: …, beta1: …, beta2: …, epsilon: …}`
  public static func adam(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8
  ) -> Choice {
    var adam = Adam()
    (adam.learningRate, adam.beta1, adam.beta2) = (learningRate, beta1, beta2)
    adam.epsilon = epsilon
    return Choice(adam)
  }
}
