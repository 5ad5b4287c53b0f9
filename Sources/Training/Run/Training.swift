import Foundation
import KeelSettings

/// How a training ended. Its coding keys are part of the command's contract.
public struct Training: Hashable, Codable, Sendable {
  public enum Outcome: String, Hashable, Codable, Sendable {
    case trained, exploded
    /// Somebody interrupted it; the verdict is that of the steps until then.
    case stopped
  }

  public let outcome: Outcome
  public let verdict: Verdict
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
  public let explosion: Explosion?
  /// The step whose state the network was taken back to; nil if it did not explode, or was never
  /// finite.
  public let rewoundTo: Int?
  public let recoveries: [Recovery]
  public let seconds: Double
  public let stepsPerSecond: Double

  /// A step from which a run went back and on.
  public struct Recovery: Hashable, Codable, Sendable {
    /// Where it exploded.
    public let step: Int
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

extension Trainer {
  /// Trains until the end, an explosion, or until `isCancelled` says so.
  /// - Parameter observe: called after every step.
  package func train(
    steps: Int = .max, isCancelled: () -> Bool = { false }, observe: (Step) -> Void = { _ in }
  ) -> Training {
    let isStopped = advance(steps: steps, isCancelled: isCancelled, observe: observe)
    takeBackIfLost()
    return result(isStopped: isStopped, isCancelled: isCancelled)
  }

  /// - Returns: whether it was cancelled.
  package func advance(
    steps: Int, isCancelled: () -> Bool = { false }, observe: (Step) -> Void = { _ in }
  ) -> Bool {
    let (start, first) = (ContinuousClock.now, step)
    defer {
      spent.steps += step - first
      spent.time += ContinuousClock.now - start
    }
    while !isOver, step - first < steps {
      if isCancelled() { return true }
      advance()
      observe(Step(trace, total: batches.total))
    }
    return false
  }

  /// - Parameter isStopped: whether it was cancelled between two steps; a score that takes long is
  ///   then not begun. One that is cancelled itself makes a training that was stopped, too.
  private func result(isStopped: Bool, isCancelled: () -> Bool) -> Training {
    let verdict = verdict
    let isBrief = isBrieflyScored
    let metric =
      verdict == .exploding || (isStopped && !isBrief)
      ? nil : metric(isCancelled: isBrief ? { false } : isCancelled)
    let isStopped = isStopped || (verdict != .exploding && metric == nil)
    let seconds = spent.time / .seconds(1)
    return Training(
      outcome: explosion != nil
        ? .exploded : isStopped ? .stopped : verdict == .exploding ? .exploded : .trained,
      verdict: verdict, steps: step, loss: endLoss,
      skill: verdict == .exploding ? -.infinity : skill,
      score: metric?.score ?? (verdict == .exploding ? -.infinity : .nan),
      metric: metric, explosion: explosion ?? lateDivergence(verdict), rewoundTo: rewoundTo,
      recoveries: recoveries, seconds: seconds,
      stepsPerSecond: seconds > 0 ? Double(spent.steps) / seconds : 0)
  }

  /// A run that passed the edge, was not stopped, and learnt nothing all the same.
  package func lateDivergence(_ verdict: Verdict) -> Explosion? {
    guard verdict == .exploding, let step = divergenceStep else { return nil }
    return Explosion(
      step: step, place: trace.mostMovedLayer(at: step), pass: .update, kind: .divergence,
      origin: nil)
  }
}

/// One step, for whoever watches.
public struct Step: Sendable {
  /// Counts from 0.
  public let index: Int
  /// Steps in the whole run.
  public let total: Int
  /// The mean data loss of the batch.
  public let loss: Double
  public let learningRate: Double
  /// The norm of all gradients, before and after clipping.
  public let gradientNorm: Double
  public let clippedNorm: Double

  init(_ trace: Trace, total: Int) {
    index = trace.count - 1
    self.total = total
    loss = Double(trace.losses[index])
    learningRate = Double(trace.learningRates[index])
    gradientNorm = Double(trace.gradientNorms[index])
    clippedNorm = Double(trace.clippedNorms[index])
  }
}
