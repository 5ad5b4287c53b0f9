import KeelRecipes

/// A training as far as it has come, wherever it runs: what experiments and candidates are made of.
///
/// `Trainer` is Keel's own; an engine's is another's training, judged by the same definitions.
package protocol TrainingSession: AnyObject {
  /// What it trains.
  var problem: Problem { get }
  /// Steps in the whole run.
  var total: Int { get }
  var stepsPerEpoch: Int { get }
  var trace: Trace { get }
  /// What its loss is held against.
  var baseline: Baseline { get }
  var divergence: Divergence { get }
  /// Where it was lost; nil where it was not.
  var explosion: Explosion? { get }
  /// Steps in which no gradient reached the first layer.
  var vanishingSteps: Int { get }
  /// Multiply-adds of a step, where they are known: small ones are cheap to try.
  var multiplyAdds: Double { get }
  /// Floats that it keeps in this process.
  var floats: Int { get }

  /// Whether a step taught nothing: its loss is not counted.
  func isPassedOver(_ step: Int) -> Bool

  /// Trains on until so many steps more are done, the end, an explosion, or `isCancelled` says so.
  /// - Parameter observe: called after every step.
  /// - Throws: `KeelError` where whoever trains cannot go on.
  func train(
    steps: Int, isCancelled: () -> Bool, observe: (Run.Step) -> Void
  ) throws -> Training
}

extension TrainingSession {
  /// The recipe in effect.
  package var recipe: Recipe { problem.recipe }

  /// The next step; as many as are done.
  package var step: Int { trace.count }

  /// Whether there is nothing left to do.
  package var isOver: Bool { explosion != nil || step >= total }

  /// L_end: the mean data loss over the last epoch, capped at the last fifth of the run, but never
  /// fewer than 10 steps (the whole run, if shorter).
  ///
  /// Skipped steps do not count, but where none was taken what they saw is all that is known; NaN
  /// where nothing is.
  package var endLoss: Double {
    let last = step - min(step, max(10, min(stepsPerEpoch, step / 5)))..<step
    func mean(_ isCounted: (Int) -> Bool) -> Double {
      let losses = last.filter(isCounted).map { Double(trace.losses[$0]) }
      return losses.isEmpty ? .nan : losses.reduce(0, +) / Double(losses.count)
    }
    let taken = mean { !isPassedOver($0) }
    let isAnyTaken = !last.allSatisfy(isPassedOver)
    return isAnyTaken ? taken : mean { trace.losses[$0].isFinite }
  }

  /// S = 1 − L_end/B; −∞ for a training that exploded.
  package var skill: Double {
    explosion == nil ? baseline.skill(endLoss) : -.infinity
  }

  /// Judges the steps so far, in the order of the definitions.
  package var verdict: Verdict {
    if explosion != nil { return .exploding }
    guard !(baseline.skill(endLoss) >= Verdict.learnt) else { return .healthy }
    if divergence.firstPassed != nil { return .exploding }
    return 2 * vanishingSteps > step ? .vanishing : .stalled
  }

  /// A run that passed the edge, was not stopped, and learnt nothing all the same.
  package func lateDivergence(_ verdict: Verdict) -> Explosion? {
    guard verdict == .exploding, let passed = divergence.firstPassed else { return nil }
    let step = trace.lastTakenStep(through: passed)
    return Explosion(
      step: step, place: trace.mostMovedLayer(at: step), pass: .update, kind: .divergence,
      origin: nil)
  }

  /// How it ended, or stands.
  /// - Parameters:
  ///   - isStopped: whether somebody stopped it before its end.
  ///   - metric: nil where it exploded, or was not scored.
  ///   - spent: what this process spent in steps.
  package func training(
    isStopped: Bool, metric: Metric?, rewoundTo: Int? = nil,
    recoveries: [Training.Recovery] = [], spent: (steps: Int, time: Duration)
  ) -> Training {
    let verdict = verdict
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

  /// Whether the mean loss of the last third of the steps is below that of the third before; of
  /// steps that were taken, not of those that were skipped.
  package var isFalling: Bool {
    let third = step / 3
    guard third > 0 else { return true }
    func mean(_ steps: Range<Int>) -> Double {
      let taken = steps.filter { !trace.wasSkipped($0) }.map { Double(trace.losses[$0]) }
      return taken.isEmpty ? .infinity : taken.reduce(0, +) / Double(taken.count)
    }
    return mean(step - third..<step) < mean(step - 2 * third..<step - third)
  }
}
