import CKernels
import KeelSettings

/// Adam and its kin: a running mean of the gradient over the root of a running mean of its square.
public protocol MomentOptimizer: Optimizer {
  /// Share of the running mean that is kept in a step, in [0, 1).
  var beta1: Double { get set }
  /// Share of the running mean square that is kept in a step, in [0, 1).
  var beta2: Double { get set }
  /// Added to the root, in units of the gradient.
  var epsilon: Double { get set }
  /// Share of a weight lost per unit of rate, apart from the gradient.
  var weightDecay: Double { get }
}

extension MomentOptimizer {
  public static var retentions: [String: Retention] {
    [
      "beta1": Retention(reference: 0.9, usual: 0...0.95),
      "beta2": Retention(reference: 0.999, usual: 0.9...0.9999),
    ]
  }

  /// The settings that all of them have, in this order.
  static var momentFields: [Field<Self>] {
    [
      .init("learning-rate", \.learningRate, .nonNegative, "size of a step"),
      .init("beta1", \.beta1, .fraction, "share of the running mean that is kept"),
      .init("beta2", \.beta2, .fraction, "share of the running square that is kept"),
      .init("epsilon", \.epsilon, .nonNegative, "added to the root"),
    ]
  }

  public var initialSlots: KeyValuePairs<String, Float> {
    ["first-moment": 0, "second-moment": 0]
  }

  public func update(_ tensor: Update) -> UpdateMeasure {
    update(tensor, learningRate: tensor.learningRate)
  }

  /// Adam's update, at a rate that may be another than the step's.
  func update(_ tensor: Update, learningRate: Double) -> UpdateMeasure {
    UpdateMeasure(
      keel_adam(
        tensor.weights, tensor.gradients, tensor.slot(0), tensor.slot(1), tensor.count,
        tensor.scale, learningRate, beta1, beta2, epsilon, weightDecay, Int64(tensor.step)))
  }

  init(_ learningRate: Double, _ beta1: Double, _ beta2: Double, _ epsilon: Double) {
    self.init()
    (self.learningRate, self.beta1, self.beta2) = (learningRate, beta1, beta2)
    self.epsilon = epsilon
  }
}
