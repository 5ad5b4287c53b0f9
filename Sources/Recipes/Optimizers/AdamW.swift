import CKernels
import KeelEngine

/// Adam with a weight decay of its own, apart from the gradient.
///
/// **Definition** w ← w − lr·weight-decay·w, then as `Adam`. As PyTorch's `AdamW`; like there, biases
/// and gains decay too.
///
/// **References** Loshchilov and Hutter, *Decoupled weight decay regularization*, ICLR 2019.
public struct AdamW: Optimizer {
  public static let name = "adamw"
  public static let summary = "Adam with decoupled weight decay"
  public static let fields: [Field<AdamW>] = [
    .init("learning-rate", \.learningRate, .nonNegative, "size of a step"),
    .init("beta1", \.beta1, .fraction, "share of the running mean that is kept"),
    .init("beta2", \.beta2, .fraction, "share of the running square that is kept"),
    .init("epsilon", \.epsilon, .nonNegative, "added to the root"),
    .init("weight-decay", \.weightDecay, .nonNegative, "share of a weight lost per unit of rate"),
  ]
  public var learningRate = 0.001
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var epsilon = 1e-8
  public var weightDecay = 0.01

  public init() {}

  public var initialSlots: [Float] { [0, 0] }

  public func update(_ tensor: Update) -> UpdateMeasure {
    UpdateMeasure(
      keel_adam(
        tensor.weights, tensor.gradients, tensor.slot(0), tensor.slot(1), tensor.count,
        tensor.scale, tensor.learningRate, beta1, beta2, epsilon, weightDecay, Int64(tensor.step)))
  }
}

extension Choice where F == Optimizers {
  /// `adamw: {learning-rate: …, …, weight-decay: …}`
  public static func adamw(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0.01
  ) -> Choice {
    var adamw = AdamW()
    (adamw.learningRate, adamw.beta1, adamw.beta2) = (learningRate, beta1, beta2)
    (adamw.epsilon, adamw.weightDecay) = (epsilon, weightDecay)
    return Choice(adamw)
  }
}
