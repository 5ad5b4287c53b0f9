import KeelSettings

/// Adaptive gradient clipping (AGC): scales the gradient of a unit back to a share of its weights.
///
/// **Definition** g ← g·ratio·max(‖w‖, 1e-3)/‖g‖ where ‖g‖ is larger, for each unit by itself: a
/// row of a weight [units, …]; a bias or a gain as a whole, as in the authors' own code. (The paper
/// leaves the last layer alone; here it is clipped like the others.)
///
/// **Effect on gradients** Bounds the step of plain gradient descent to lr·ratio of each unit's
/// weights, however different the sizes of layers are. Keeps the direction of each unit, not that
/// of all together. A bias that begins at zero moves by no more than lr·ratio·1e-3 at first.
///
/// **Non-finite values** A unit whose gradient or weights have no finite norm is left as it is.
///
/// **References** Brock et al., *High-performance large-scale image recognition without
/// normalization*, ICML 2021, §4.
public struct ClipByUnitNorm: Clip {
  public static let name = "adaptive"
  public static let summary = "scales each unit back to a share of its weights (AGC)"
  public static let fields: [Field<ClipByUnitNorm>] = [
    .init("ratio", \.ratio, .positive, "the largest ‖g‖/‖w‖ of a unit")
  ]
  /// The largest norm of a unit's gradient, over that of its weights.
  public var ratio = 0.01
  /// A norm of weights below this counts as this, so that what begins at zero can move.
  static let floor = 1e-3

  public init() {}

  public func apply(to gradients: Gradients, _ window: (any NormWindow)?) {
    for index in gradients.indices {
      gradients.limitUnitNorms(index, ratio: ratio, floor: Self.floor)
    }
  }
}

extension Choice where F == Clips {
  /// `adaptive: {ratio: …}` in a recipe.
  public static func adaptive(ratio: Double = 0.01) -> Choice {
    var clip = ClipByUnitNorm()
    clip.ratio = ratio
    return Choice(clip)
  }
}
