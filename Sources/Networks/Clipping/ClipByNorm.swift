import KeelSettings

/// Scales each tensor whose norm exceeds the limit back to it.
///
/// **Definition** g ← g·limit/‖g‖ where ‖g‖ > limit, each tensor by itself, as Keras's `clipnorm`.
///
/// **Effect on gradients** Keeps the direction of each tensor, not that of all together.
///
/// **Non-finite values** A tensor whose norm is not finite is left as it is.
public struct ClipByNorm: Clip {
  public static let name = "norm"
  public static let summary = "scales each tensor back to a norm"
  public static let fields: [Field<ClipByNorm>] = [
    .init("limit", \.limit, .positive, required: true, "the largest norm of a tensor")
  ]
  /// The largest norm of one tensor.
  public var limit = 1.0

  public init() {}

  public func apply(to gradients: Gradients, _ window: (any NormWindow)?) {
    for index in gradients.indices {
      let norm = gradients.norm(index)
      if norm > limit, norm.isFinite { gradients.scale(index, by: limit / norm) }
    }
  }
}

extension Choice where F == Clips {
  /// `norm: {limit: …}` in a recipe.
  public static func norm(_ limit: Double) -> Choice {
    var clip = ClipByNorm()
    clip.limit = limit
    return Choice(clip)
  }
}
