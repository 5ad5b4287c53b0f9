import KeelTraining

extension Run {
  /// Trains until the recipe's end or a cancelled task; an explosion does not end it, but is healed
  /// as the policy says.
  ///
  /// After the last recovery that it allows, or where nothing holds, the outcome is `exploded`, and
  /// the network is back at its last sound state.
  ///
  /// Where a remedy was needed, `network.recipe` is the recipe in effect from then on, and
  /// `Training.recoveries` says what changed.
  /// - Parameters:
  ///   - checkpointing: what is done with checkpoints on the way; none is taken during a search.
  ///   - sampling: what is done with samples on the way; none is taken during a search.
  ///   - observe: called on the run's own thread, after every step, those of attempts included: its
  ///     index falls where the run goes back.
  public func train(
    healing policy: HealingPolicy, checkpointing: CheckpointPolicy? = nil,
    sampling: SamplingPolicy? = nil,
    _ observe: @escaping @Sendable (Run.Step) -> Void = { _ in }
  ) -> Training {
    var (checkpoints, samples) = (CheckpointClock(checkpointing), SamplingClock(sampling))
    while true {
      let training = trainer.train(
        isCancelled: { Task.isCancelled },
        observe: { step in
          observe(step)
          samples.look(at: trainer)
          checkpoints.look(at: trainer)
        })
      guard training.outcome == .exploded, let explosion = training.explosion,
        trainer.record.recoveries.count < policy.recoveries
      else { return training }
      var recovery = Recovery(
        policy, trainer, training, explosion, isCancelled: { Task.isCancelled }, observe: observe)
      guard let healed = recovery.run() else {
        return Task.isCancelled ? trainer.train(isCancelled: { true }) : training
      }
      trainer = healed
      samples.resume(at: healed.step)
    }
  }
}
