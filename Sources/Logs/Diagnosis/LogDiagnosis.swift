import Foundation
import KeelCauses
import KeelTraining

/// What a log allows to say of a training: evidence without experiments.
///
/// | logged | allows |
/// | --- | --- |
/// | the loss | kind, step, law of growth |
/// | and the gradient norm | whether it leads or follows; the share of clipped steps |
/// | and the rate | whether it rose before: at the end of a warm-up, at a restart |
/// | and norms of layers | the first to depart; the gain a layer over depth |
///
/// No cause is above 0.8: a log proves none.
public struct LogDiagnosis: Sendable {
  /// What moved first.
  public enum Leader: String, Hashable, Sendable, Encodable {
    case rate = "learning-rate"
    case gradientNorm = "gradient-norm"
    case loss
    /// Neither left what was usual before: it was lost between two values.
    case nothing
  }

  /// What was read.
  public let log: TrainingLog
  /// By the definitions of a training, as far as a log has what they need.
  public let verdict: Verdict
  /// Where it was lost; nil where it was not.
  public let explosion: Explosion?
  /// What moved first, and at which step; nil where it was not lost.
  public let leader: (what: Leader, step: Int?)?
  /// How it grew until then; nil where it did not, or too few values tell.
  public let law: GrowthLaw?
  /// The share of steps in which the gradient norm stood at its limit; nil where it had none.
  public let clippedShare: Double?
  /// The layer whose gradient departed first, and when.
  public let firstLayer: (name: String, step: Int)?
  /// What the gradient's norm is multiplied by from a layer to the one before it, at the last
  /// step that is on record before it was lost; nil where fewer than four layers were logged.
  public let layerGain: Double?
  /// What the log does not show, and what is wrong with it; sentences for people.
  public let hidden: [String]
  /// Suspects, the likeliest first.
  public let findings: [Finding]
  /// The loss as the log has it: the first, and at the end.
  public let losses: (first: Double, last: Double)
  /// How much of the loss that it began with was gone at the end; −∞ where it was lost.
  public let skill: Double
  /// The last step on record.
  public let steps: Int

  /// - Throws: `KeelError` where the log has no loss.
  public init(_ log: TrainingLog) throws {
    let (lossName, loss) = try log.requireLoss()
    let norm = log.series(of: .gradientNorm)?.series
    let rate = log.series(of: .learningRate)?.series
    self.log = log
    steps = loss.points.map(\.step).max() ?? 0
    let evidence = LogEvidence(loss: loss, norm: norm, rate: rate, layers: log.layers)
    losses = (loss.points.first?.value ?? .nan, evidence.end)
    skill = evidence.explosion == nil ? evidence.skill : -.infinity
    verdict = evidence.verdict
    explosion = evidence.explosion
    let lost = explosion?.step
    leader = lost.map { evidence.leader(before: $0) }
    // A mean of an epoch has no steps to grow in.
    law = log.isPerEpoch ? nil : lost.flatMap { evidence.law(before: $0) }
    clippedShare = norm.flatMap(LogEvidence.clippedShare)
    firstLayer = lost.flatMap { evidence.firstLayer(before: $0) }
    layerGain = evidence.layerGain(before: lost ?? .max)
    hidden =
      log.remarks + evidence.gaps(lossName, isPerEpoch: log.isPerEpoch)
    findings =
      Suspicion(
        evidence, explosion: explosion, leader: leader?.what, law: law, layerGain: layerGain,
        firstLayer: firstLayer?.name, verdict: verdict
      ).findings
  }
}
