import KeelSettings

/// Scales all gradients together where their common norm exceeds the limit.
///
/// **Definition** g ← g·limit/‖g‖ where ‖g‖ > limit, ‖g‖ over all tensors as one vector, as
/// PyTorch's `clip_grad_norm_` (without its 1e-6 in the denominator).
///
/// **Effect on gradients** Keeps the direction, bounds the step.
///
/// **Non-finite values** Where the norm is not finite nothing is scaled. Gradients of 1e20 have a
/// finite norm and come out at the limit.
///
/// **References** Pascanu et al., *On the difficulty of training recurrent neural networks*, ICML
/// 2013, algorithm 1.
public struct ClipByGlobalNorm: Clip {
  public static let name = "global-norm"
  public static let summary = "scales all gradients together back to a norm"
  public static let fields: [Field<ClipByGlobalNorm>] = [
    .init("limit", \.limit, .positive, required: true, "the largest norm of all gradients")
  ]
  /// The largest norm of all gradients as one vector.
  public var limit = 1.0

  public init() {}

  public func apply(to gradients: Gradients, _ window: (any NormWindow)?) {
    gradients.limitGlobalNorm(to: limit)
  }
}

extension Choice where F == Clips {
  /// `global-norm: {limit: …}` in a recipe.
  public static func globalNorm(_ limit: Double) -> Choice {
    var clip = ClipByGlobalNorm()
    clip.limit = limit
    return Choice(clip)
  }
}
