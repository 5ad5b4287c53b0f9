/// How a run keeps itself while it trains: now and then it hands out a checkpoint.
///
/// It does so between two steps, and only while it is sound: a run that is about to explode does not
/// replace what was kept before. Whoever is handed a checkpoint should be done with it soon; the run
/// waits.
public struct Checkpointing: Sendable {
  /// Steps between two checkpoints; nil: as often as takes a hundredth of the time, as measured, and at
  /// most once a second.
  public var every: Int?
  let keep: @Sendable (Checkpoint) -> Void

  public init(every: Int? = nil, keep: @escaping @Sendable (Checkpoint) -> Void) {
    self.every = every
    self.keep = keep
  }
}

/// When the next checkpoint is due.
package struct CheckpointClock {
  private let policy: Checkpointing?
  private var last = ContinuousClock.now
  private var cost = Duration.zero

  package init(_ policy: Checkpointing?) { self.policy = policy }

  /// Between two steps: hands out a checkpoint if it is time.
  package mutating func look(at trainer: Trainer) {
    guard let policy, isDue(policy, trainer), trainer.explosion == nil, trainer.isSound
    else { return }
    let start = ContinuousClock.now
    if let checkpoint = try? trainer.checkpoint() { policy.keep(checkpoint) }
    last = .now
    cost = last - start
  }

  private func isDue(_ policy: Checkpointing, _ trainer: Trainer) -> Bool {
    if let every = policy.every { return trainer.step % max(1, every) == 0 }
    // With a snapshot of the ring: whoever goes on from there has the same ones to go back to.
    guard trainer.step % trainer.snapshots.interval == 0 else { return false }
    return ContinuousClock.now - last > max(.seconds(1), cost * 100)
  }
}
