extension Trainer {
  /// L_end: the mean data loss over the last epoch, capped at the last fifth of the run, but never
  /// fewer than 10 steps (the whole run, if shorter).
  ///
  /// Skipped steps do not count; NaN without steps.
  package var endLoss: Double {
    let count = min(step, max(10, min(batches.stepsPerEpoch, step / 5)))
    var (sum, finite) = (0.0, 0)
    for index in step - count..<step {
      let isPassedOver = batches.isSkipped(index)
      if isPassedOver || (recipe.training.badSteps == .skip && trace.wasSkipped(index)) { continue }
      sum += Double(trace.losses[index])
      finite += 1
    }
    return finite == 0 ? .nan : sum / Double(finite)
  }

  /// S = 1 − L_end/B; −∞ for a training that exploded.
  package var skill: Double {
    explosion == nil ? baseline.skill(endLoss) : -.infinity
  }

  /// Judges the steps so far, in the order of the definitions.
  package var verdict: Verdict {
    if explosion != nil { return .exploding }
    guard !(baseline.skill(endLoss) >= Verdict.learnt) else { return .healthy }
    if monitor.divergence.firstPassed != nil { return .exploding }
    return 2 * tally.vanishing > step ? .vanishing : .stalled
  }

  /// Steps in which no gradient reached the first layer.
  package var vanishingSteps: Int { tally.vanishing }

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
