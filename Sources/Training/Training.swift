import Foundation

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
  /// The metric of the test part, or of the training part; −∞ if it exploded.
  public let score: Double
  /// Nil if it exploded.
  public let metric: Metric?
  public let explosion: Explosion?
  /// The step whose state the network was taken back to; nil if it did not explode.
  public let rewoundTo: Int?
  public let recoveries: [Recovery]
  public let seconds: Double
  public let stepsPerSecond: Double

  /// A step from which a run went back and on.
  public struct Recovery: Hashable, Codable, Sendable {
    public let step: Int
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
    let clock = ContinuousClock()
    let start = clock.now
    let first = step
    var isStopped = false
    while !isOver, step - first < steps {
      if isCancelled() {
        isStopped = true
        break
      }
      advance()
      observe(Step(trace, total: batches.total))
    }
    return result(isStopped: isStopped, taken: step - first, in: clock.now - start)
  }

  private func result(isStopped: Bool, taken: Int, in time: Duration) -> Training {
    let verdict = verdict
    let metric = verdict == .exploding ? nil : metric()
    let seconds = time / .seconds(1)
    return Training(
      outcome: explosion != nil
        ? .exploded : isStopped ? .stopped : verdict == .exploding ? .exploded : .trained,
      verdict: verdict, steps: step, loss: endLoss,
      skill: verdict == .exploding ? -.infinity : skill, score: metric?.score ?? -.infinity,
      metric: metric, explosion: explosion ?? lateDivergence(verdict), rewoundTo: rewoundTo,
      recoveries: [],
      seconds: seconds, stepsPerSecond: seconds > 0 ? Double(taken) / seconds : 0)
  }

  /// A run that passed the edge, was not stopped, and learnt nothing all the same.
  private func lateDivergence(_ verdict: Verdict) -> Explosion? {
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
