import KeelSettings

/// AutoClip: scales all gradients together back to a percentile of the norms of all steps before.
///
/// **Definition** g ← g·limit/‖g‖ where ‖g‖ > limit, the limit being the p-th percentile (between
/// two values by linear interpolation) of the global norms of every good step so far, as they were
/// before any clipping. The first step is not clipped. (In the paper a norm joins the history
/// before it is judged; here after, so that no gradient has a say in its own limit.)
///
/// **Effect on gradients** Nothing to tune to the scale of the gradients. At p = 10 nine steps in
/// ten are scaled back: the direction stays, the size of a step becomes nearly constant.
///
/// **Non-finite values** A norm that is not finite (in float32) is neither scaled back nor
/// remembered. A percentile of exactly 0 is no limit: it would end the training.
///
/// **References** Seetharaman et al., *AutoClip: adaptive gradient clipping for source separation
/// networks*, MLSP 2020, §3.
public struct ClipByPercentile: Clip {
  public static let name = "percentile"
  public static let summary = "scales back to a percentile of past norms (AutoClip)"
  public static let fields: [Field<ClipByPercentile>] = [
    .init("percentile", \.percentile, NumberRange(minimum: 0, maximum: 100), "of all past norms")
  ]
  /// Which share of past norms, in percent, lies at or below the limit.
  public var percentile = 10.0

  public init() {}

  public func apply(to gradients: Gradients, _ window: (any NormWindow)?) {
    guard let window else { return }
    gradients.limitGlobalNorm(to: window.bound(gradients.globalNorm))
  }

  public func window(steps: Int) -> (any NormWindow)? {
    RunningPercentile(percentile / 100, steps: steps)
  }
}

extension Choice where F == Clips {
  /// `percentile: {percentile: …}` in a recipe.
  public static func percentile(_ percentile: Double = 10) -> Choice {
    var clip = ClipByPercentile()
    clip.percentile = percentile
    return Choice(clip)
  }
}
