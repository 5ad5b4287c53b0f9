/// When the next checkpoint is due.
package struct CheckpointClock {
  private let policy: CheckpointPolicy?
  private var last = ContinuousClock.now
  private var cost = Duration.zero
  /// Taken when it was due, and not proven yet.
  private var pending: Snapshot?

  package init(_ policy: CheckpointPolicy?) { self.policy = policy }

  /// Between two steps: hands out a checkpoint if it is time.
  package mutating func look(at trainer: Trainer) {
    guard let policy else { return }
    handOut(policy, trainer)
    guard isDue(policy, trainer), trainer.explosion == nil, trainer.isSound else { return }
    let start = ContinuousClock.now
    pending = trainer.snapshot()
    cost = .now - start
  }

  /// Hands out what is pending, if the step since then was a good one.
  private mutating func handOut(_ policy: CheckpointPolicy, _ trainer: Trainer) {
    guard let snapshot = pending else { return }
    // A step that changed nothing shows nothing.
    let isBehind = snapshot.step < trainer.step && trainer.explosion == nil
    if isBehind, trainer.trace.wasSkipped(trainer.step - 1) { return }
    pending = nil
    guard isBehind, trainer.isProven(snapshot.step, updates: snapshot.tally.updates) else { return }
    let start = ContinuousClock.now
    do {
      policy.keep(try trainer.checkpoint(of: snapshot))
    } catch {
      policy.fail(error)
    }
    last = .now
    cost += last - start
  }

  private func isDue(_ policy: CheckpointPolicy, _ trainer: Trainer) -> Bool {
    if let every = policy.every { return trainer.step % max(1, every) == 0 }
    // With a snapshot of the ring: whoever goes on from there has the same ones to go back to.
    guard trainer.step % trainer.snapshots.interval == 0 else { return false }
    return ContinuousClock.now - last > max(.seconds(1), cost * 100)
  }
}
