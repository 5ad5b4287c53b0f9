import CKernels
import KeelSettings

/// Steps as large as the ones before, for gradients as large as the ones before: no rate to choose.
///
/// **Definition** s ← rho·s + (1 − rho)·g²; d = √(u + epsilon)/√(s + epsilon)·g;
/// u ← rho·u + (1 − rho)·d²; w ← w − lr·d. As PyTorch's `Adadelta`.
///
/// **Effect on gradients** A step has the unit of the parameter, whatever the gradient's size. The
/// first are about √(epsilon/(1 − rho)), 0.003 by default, and grow from there.
///
/// **Non-finite values** A finite gradient above 1.8e19 overflows s; the update then reports it.
///
/// **References** Zeiler, *ADADELTA: an adaptive learning rate method*, 2012, algorithm 1.
public struct Adadelta: Optimizer {
  public static let name = "adadelta"
  public static let summary = "steps scaled by the ones before"
  /// Its own default: the paper has no rate at all.
  public static let referenceRate = 1.0
  public static let retentions = ["rho": Retention(reference: 0.9, usual: 0.5...0.99)]
  public static let isElementwise = true
  public static let fields: [Field<Adadelta>] = [
    .init("learning-rate", \.learningRate, .nonNegative, "a factor on every step"),
    .init("rho", \.rho, .fraction, "share of the running means that is kept"),
    .init("epsilon", \.epsilon, .nonNegative, "added to both mean squares"),
  ]
  /// A factor on every step, before the schedule.
  public var learningRate = 1.0
  /// Share of the running mean squares that is kept in a step, in [0, 1).
  public var rho = 0.9
  /// Added to both mean squares; what the first steps are made from.
  public var epsilon = 1e-6

  public init() {}

  public var initialSlots: KeyValuePairs<String, Float> {
    ["square-average": 0, "accumulated-updates": 0]
  }

  public func update(_ tensor: Update) -> UpdateMeasure {
    UpdateMeasure(
      keel_adadelta(
        tensor.weights, tensor.gradients, tensor.slot(0), tensor.slot(1), tensor.count,
        tensor.scale, Float(tensor.learningRate), rho, Float(epsilon)))
  }
}

extension Choice where F == Optimizers {
  /// `adadelta: {learning-rate: …, rho: …, epsilon: …}` in a recipe.
  public static func adadelta(
    learningRate: Double = 1, rho: Double = 0.9, epsilon: Double = 1e-6
  ) -> Choice {
    var adadelta = Adadelta()
    (adadelta.learningRate, adadelta.rho, adadelta.epsilon) = (learningRate, rho, epsilon)
    return Choice(adadelta)
  }
}
