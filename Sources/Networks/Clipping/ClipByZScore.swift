import KeelSettings

/// ZClip: scales back gradients whose norm stands out from the recent ones, the further the more.
///
/// **Definition** With the running mean μ and deviation σ of the norms, score = (‖g‖ − μ)/σ. Where
/// it is above z, g ← g·(μ + σ·z²/score)/‖g‖. Then μ ← 0.97·μ + 0.03·‖g‖ and
/// σ² ← 0.97·σ² + 0.03·(‖g‖ − μ)², with the norm that this clip would leave. The first 25 good
/// steps are not clipped; their mean and variance are what it begins with. Norms are those before
/// any clipping.
///
/// **Effect on gradients** A spike is brought back to between μ and μ + z·σ; ordinary steps pass
/// untouched. A lasting rise is followed slowly, because only clipped norms are remembered.
///
/// **Non-finite values** A norm that is not finite (in float32) is neither scaled back nor
/// remembered. Norms that do not differ by more than 1e-6 of their mean have no deviation to hold
/// one against, and nothing is clipped.
///
/// **References** Kumar et al., *ZClip: adaptive spike mitigation for LLM pre-training*, 2025
/// (arXiv 2504.02507), §3, with reciprocal clipping.
public struct ClipByZScore: Clip {
  public static let name = "z-score"
  public static let summary = "scales back what stands out from recent norms (ZClip)"
  public static let fields: [Field<ClipByZScore>] = [
    .init("z", \.z, .positive, "deviations above the mean that are usual")
  ]
  /// How many deviations above the running mean a norm may lie.
  public var z = 2.5

  public init() {}

  public func apply(to gradients: Gradients, _ window: (any NormWindow)?) {
    guard let window else { return }
    gradients.limitGlobalNorm(to: window.bound(gradients.globalNorm))
  }

  public func window(steps: Int) -> (any NormWindow)? { RunningScore(z) }
}

/// Mean and deviation of the norms, exponentially weighted.
final class RunningScore: NormWindow {
  /// Share of the running mean and variance that is kept in a step.
  static let keep = 0.97
  /// Steps that it begins with.
  static let warmup = 25
  private let z: Double
  private var count = 0
  private var mean = 0.0
  private var variance = 0.0

  init(_ z: Double) { self.z = z }

  func bound(_ norm: Double) -> Double {
    let deviation = variance.squareRoot()
    guard count >= Self.warmup, norm.isFinite, deviation > 1e-6 * mean else { return norm }
    let score = (norm - mean) / deviation
    return score > z ? mean + deviation * z * z / score : norm
  }

  func admit(_ norm: Double) {
    guard Float(norm).isFinite else { return }
    let norm = bound(norm)
    count += 1
    // While it warms up, all norms so far weigh alike.
    let weight = count <= Self.warmup ? 1 / Double(count) : 1 - Self.keep
    let before = norm - mean
    mean += weight * before
    let square = count <= Self.warmup ? before * (norm - mean) : (norm - mean) * (norm - mean)
    variance += weight * (square - variance)
  }

  func forget() { (count, mean, variance) = (0, 0, 0) }
}

extension Choice where F == Clips {
  /// `z-score: {z: …}` in a recipe.
  public static func zScore(_ z: Double = 2.5) -> Choice {
    var clip = ClipByZScore()
    clip.z = z
    return Choice(clip)
  }
}
