import Foundation
import KeelSettings

/// How a training ended.
///
/// Its coding keys are part of the command's contract.
public struct Training: Hashable, Codable, Sendable {
  /// How a run came to its end.
  public enum Outcome: String, Hashable, Codable, CaseIterable, Sendable {
    case trained, exploded
    /// Somebody interrupted it; the verdict is that of the steps until then.
    case stopped
  }

  /// Whether it came to its end, exploded, or was stopped.
  public let outcome: Outcome
  /// What the recorded steps say of the training.
  public let verdict: Verdict
  /// Steps on record, skipped ones included; those that a recovery took back are not.
  public let steps: Int
  /// The mean data loss at the end (L_end).
  public let loss: Double
  /// 1 − L_end/B; −∞ if it exploded.
  public let skill: Double
  /// The metric of the test part, or of the training part; −∞ if it exploded, NaN if it was stopped
  /// before it was scored.
  public let score: Double
  /// Nil if it exploded, or was stopped before it was scored.
  public let metric: Metric?
  /// The first thing that went wrong; nil if it did not explode.
  public let explosion: Explosion?
  /// The step whose state the network was taken back to; nil if it did not explode, or was never
  /// finite.
  public let rewoundTo: Int?
  /// The explosions that it came back from, in order.
  public let recoveries: [Recovery]
  /// Seconds this process spent in steps, attempts to recover included, scoring left out.
  public let seconds: Double
  /// Steps taken in that time, over it; 0 where none was taken.
  public let stepsPerSecond: Double

  /// A step from which a run went back and on.
  public struct Recovery: Hashable, Codable, Sendable {
    /// Where it exploded.
    public let step: Int
    /// What the run came back from.
    public let explosion: Explosion
    /// The state it went back to.
    public let rewoundTo: Int
    /// `rewind` where going back was enough (the fault was not in the recipe), `skip-batch`,
    /// `leave-out-rows`, or a remedy.
    public let remedy: String
    /// What the remedy changed in the recipe.
    public let changes: [Change]
    /// Steps whose batch is passed over from now on.
    public let skipped: [Int]
    /// Rows that are left out of every batch from now on, as causes number them: by their line in
    /// the file, or from 1 for rows that come from none.
    public let rows: [Int]

    package init(
      _ explosion: Explosion, rewoundTo: Int, remedy: String, changes: [Change] = [],
      skipped: [Int] = [], rows: [Int] = []
    ) {
      step = explosion.step
      self.explosion = explosion
      self.rewoundTo = rewoundTo
      self.remedy = remedy
      self.changes = changes
      self.skipped = skipped
      self.rows = rows
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(outcome, forKey: .outcome)
    try container.encode(verdict, forKey: .verdict)
    try container.encode(steps, forKey: .steps)
    try container.encode(loss, forKey: .loss)
    try container.encode(skill, forKey: .skill)
    try container.encode(score, forKey: .score)
    try container.encode(metric, forKey: .metric)
    try container.encode(explosion, forKey: .explosion)
    try container.encode(rewoundTo, forKey: .rewoundTo)
    try container.encode(recoveries, forKey: .recoveries)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(stepsPerSecond, forKey: .stepsPerSecond)
  }
}
