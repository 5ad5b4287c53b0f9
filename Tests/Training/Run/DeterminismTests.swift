import KeelEngine
import KeelRecipes
import KeelTraining
import Testing

/// Same recipe, same machine, same threads: the same trace, bit for bit, rewound or not.
struct DeterminismTests {
  @Test func twoRunsAreAlike() throws {
    let first = try Trainer(Problem(everything))
    let second = try Trainer(Problem(everything))
    let training = first.train()
    _ = second.train()
    #expect(training.verdict == .healthy)
    #expect(first.trace.bits == second.trace.bits)
    #expect(try first.network().bits == second.network().bits)
  }

  @Test func anotherSeedIsAnotherRun() throws {
    var other = everything
    other.seed = 12
    let first = try Trainer(Problem(everything))
    let second = try Trainer(Problem(other))
    _ = first.train(steps: 5)
    _ = second.train(steps: 5)
    #expect(first.trace.bits != second.trace.bits)
  }

  /// To every snapshot of the ring, and to one taken by hand: on from there it is as if nothing had
  /// happened.
  @Test func rewindingLeavesNoTrace() throws {
    var long = everything
    long.training.epochs = 60
    let undisturbed = try Trainer(Problem(long))
    _ = undisturbed.train()
    let trainer = try Trainer(Problem(long))
    _ = trainer.train(steps: 33)
    let byHand = trainer.snapshot()
    _ = trainer.train(steps: 900)
    let snapshots = trainer.snapshots.all + [byHand]
    #expect(snapshots.count >= 4)
    for snapshot in snapshots.sorted(by: { $0.step > $1.step }) {
      trainer.rewind(to: snapshot)
      #expect(trainer.step == snapshot.step)
      _ = trainer.train(steps: 40)
    }
    _ = trainer.train()
    #expect(trainer.trace.bits == undisturbed.trace.bits)
    #expect(trainer.trace.events == undisturbed.trace.events)
    #expect(try trainer.network().bits == undisturbed.network().bits)
    #expect(trainer.metric() == undisturbed.metric())
  }

  @Test func rewindingAnExplosionBringsItBack() throws {
    let trainer = try Trainer(Problem(regression(rate: 3)))
    let training = trainer.train()
    let bits = trainer.trace.bits
    let explosion = try #require(training.explosion)
    trainer.rewind(to: try #require(trainer.snapshots.newest(before: explosion.step)))
    #expect(trainer.explosion == nil)
    #expect(trainer.train().explosion == explosion)
    #expect(trainer.trace.bits == bits)
  }

  /// The actor is the same trainer on a thread of its own.
  @Test func theActorDoesTheSame() async throws {
    let trainer = try Trainer(Problem(everything))
    _ = trainer.train()
    let run = try Run(Problem(everything))
    let half = await run.train(steps: 100)
    #expect(half.steps == 100)
    let training = await run.train()
    #expect(training.outcome == .trained)
    #expect(await run.trace.bits == trainer.trace.bits)
    #expect(try await run.network.bits == trainer.network().bits)
  }

  /// Forwards, or into another network, there is no way back.
  @Test func aSnapshotThatDoesNotFitIsRefused() async throws {
    let run = try Run(Problem(everything))
    _ = await run.train(steps: 10)
    let early = await run.snapshot()
    _ = await run.train(steps: 10)
    let late = await run.snapshot()
    try await run.rewind(to: early)
    await #expect(throws: KeelError.self) { try await run.rewind(to: late) }
    let other = try Run(Problem(regression(rate: 0.1)))
    _ = await other.train(steps: 20)
    await #expect(throws: KeelError.self) { try await other.rewind(to: early) }
  }

  @Test func anEmptyBatchIsRefused() {
    var recipe = everything
    recipe.training.batch = 0
    #expect(throws: KeelError.self) { try Trainer(Problem(recipe)) }
  }

  @Test func aCancelledTaskStopsAtAStep() async throws {
    var long = everything
    long.training.epochs = 1_000_000
    let run = try Run(Problem(long))
    let task = Task { await run.train() }
    try await Task.sleep(for: .milliseconds(50))
    task.cancel()
    let training = await task.value
    #expect(training.outcome == .stopped)
    #expect(training.steps == (await run.trace).count)
  }

  /// Ages of about 1, 2, 4, 8, … intervals.
  @Test func snapshotsGrowOld() throws {
    var long = everything
    long.training.epochs = 100
    let trainer = try Trainer(Problem(long))
    _ = trainer.train(steps: 1500)
    let interval = trainer.snapshots.interval
    let ages = trainer.snapshots.all.map { (1500 - $0.step) / interval }
    for age in ages { #expect(age < 1500) }
    for limit in [2, 4, 8, 16, 32] where limit * interval < 1500 {
      #expect(ages.contains { $0 <= limit && $0 >= limit / 4 }, "\(ages), interval \(interval)")
    }
  }
}
