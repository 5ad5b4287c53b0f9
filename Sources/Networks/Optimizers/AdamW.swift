import KeelSettings

/// Adam with a weight decay of its own, apart from the gradient.
///
/// **Definition** w ← w − lr·weight-decay·w, then as `Adam`. As PyTorch's `AdamW`; like there,
/// biases and gains decay too.
///
/// **References** Loshchilov and Hutter, *Decoupled weight decay regularization*, ICLR 2019.
public struct AdamW: MomentOptimizer {
  public static let name = "adamw"
  public static let summary = "Adam with decoupled weight decay"
  public static let isElementwise = true
  public static let fields: [Field<AdamW>] =
    momentFields + [
      .init("weight-decay", \.weightDecay, .nonNegative, "share of a weight lost per unit of rate")
    ]
  /// The size of a step, before the schedule.
  public var learningRate = 0.001
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var epsilon = 1e-8
  public var weightDecay = 0.01

  public init() {}
}

extension Choice where F == Optimizers {
  /// `adamw: {learning-rate: …, …, weight-decay: …}` in a recipe.
  public static func adamw(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0.01
  ) -> Choice {
    var adamw = AdamW(learningRate, beta1, beta2, epsilon)
    adamw.weightDecay = weightDecay
    return Choice(adamw)
  }
}
