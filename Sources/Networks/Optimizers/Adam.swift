import KeelSettings

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
public struct Adam: MomentOptimizer {
  public static let name = "adam"
  public static let summary = "momentum divided by the running root mean square"
  public static let isElementwise = true
  public static let fields: [Field<Adam>] = momentFields
  /// The size of a step, before the schedule.
  public var learningRate = 0.001
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var epsilon = 1e-8
  /// None: see `AdamW`.
  public var weightDecay: Double { 0 }

  public init() {}
}

extension Choice where F == Optimizers {
  /// `adam: {learning-rate: …, beta1: …, beta2: …, epsilon: …}` in a recipe.
  public static func adam(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8
  ) -> Choice { Choice(Adam(learningRate, beta1, beta2, epsilon)) }
}
