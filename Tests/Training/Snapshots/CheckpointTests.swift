import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

/// Gone on from a checkpoint, a run is bit for bit the one that never stopped. How checkpoints
/// become files is in `CheckpointFileTests`.
struct CheckpointTests {
  /// Each remembers something else from step to step.
  static let recipes: [(String, Recipe)] = {
    func changed(_ change: (inout Recipe) -> Void) -> Recipe {
      var recipe = everything
      recipe.training.epochs = 15
      change(&recipe)
      return recipe
    }
    let optimizers: [Choice<Optimizers>] = [
      .sgd(), .sgd(learningRate: 0.01, momentum: 0.9, nesterov: true), .adam(), .adamw(),
      .stableAdamw(), .adagrad(), .rmsprop(learningRate: 1e-3), .adadelta(),
    ]
    return [
      ("batch norm, dropout, momentum, cosine", everything),
      ("plateau, percentile, z-score", AdaptiveStateTests.remembering),
      (
        "plateau of one epoch",
        changed { $0.schedule = .plateau(patience: 0, factor: 0.5) }
      ),
      ("percentile", changed { $0.clipping = [.percentile(50)] }),
      (
        "lstm",
        Recipe(
          seed: 4, data: .addingProblem(length: 12, samples: 200), model: [.lstm(8), .dense(1)],
          loss: .meanSquaredError, optimizer: .adam(learningRate: 0.01),
          training: .init(epochs: 15, batch: 16))
      ),
    ]
      + optimizers.map { choice in (choice.name, changed { $0.optimizer = choice }) }
  }()

  @Test(arguments: recipes)
  func goingOnLeavesNoTrace(_ name: String, _ recipe: Recipe) throws {
    let undisturbed = try Trainer(Problem(recipe))
    _ = undisturbed.train()
    #expect(undisturbed.explosion == nil)
    for stop in [0, 1, 17, 40, undisturbed.step - 1, undisturbed.step] {
      let first = try Trainer(Problem(recipe))
      _ = first.train(steps: stop)
      let second = try Trainer(resuming: first.checkpoint())
      #expect(second.step == stop)
      // Not straight on, but with one more stop.
      _ = second.train(steps: 23)
      let third = try Trainer(resuming: second.checkpoint())
      _ = third.train()
      try expectSame(third, undisturbed, "\(name), stopped at \(stop)")
    }
  }

  private func expectSame(_ a: Trainer, _ b: Trainer, _ what: Comment) throws {
    #expect(a.trace.bits == b.trace.bits, what)
    #expect(try a.network().bits == b.network().bits, what)
    #expect(
      a.verdict == b.verdict
        && a.monitor.divergence.firstPassed == b.monitor.divergence.firstPassed, what)
    let (one, other) = (try a.checkpoint(), try b.checkpoint())
    // As text: a NaN is not equal to itself.
    #expect("\(one.progress!)" == "\(other.progress!)", what)
    #expect(one.tensors.map(\.bits) == other.tensors.map(\.bits), what)
  }

  /// Steps skipped because they were not finite, and steps whose batch is passed over.
  @Test func skippedStepsAreRemembered() throws {
    var inputs = wave(64, 3)
    inputs[40][1] = .infinity
    var recipe = AdaptiveStateTests.remembering
    recipe.data = .regression(samples: 64)
    recipe.model = [.dense(8), .relu, .dense(1)]
    recipe.loss = .meanSquaredError
    recipe.training = .init(epochs: 20, batch: 8, badSteps: .skip)
    let examples = try Examples(inputs: inputs, targets: wave(64, 1))
    func trainer() throws -> Trainer {
      let trainer = try Trainer(Problem(recipe, train: examples))
      for step in [3, 70] { trainer.batches.skip(step) }
      return trainer
    }
    let undisturbed = try trainer()
    _ = undisturbed.train()
    #expect(undisturbed.trace.skipped >= 20)
    #expect(undisturbed.trace.wasSkipped(3) && undisturbed.trace.wasSkipped(70))
    let first = try trainer()
    _ = first.train(steps: 61)
    let second = try Trainer(resuming: first.checkpoint(), of: first.problem)
    #expect(second.batches.skippedSteps == [3, 70])
    _ = second.train()
    try expectSame(second, undisturbed, "skipped")
  }

  /// Rows that are dropped stay dropped, and are dropped once.
  @Test func droppedRowsStayDropped() throws {
    var recipe = AdaptiveStateTests.remembering
    recipe.data = .regression(
      samples: 640, features: 8, test: .fraction(0.2), outliers: 4, outlierScale: 1000)
    recipe.model = [.dense(8), .relu, .dense(1)]
    recipe.loss = .meanSquaredError
    recipe.training = .init(epochs: 20, batch: 32, badRows: .drop)
    let undisturbed = try Trainer(Problem(recipe))
    #expect(undisturbed.train().verdict == .healthy)
    #expect(undisturbed.size.droppedRows == 4 && undisturbed.size.trainRows == 508)
    let first = try Trainer(Problem(recipe))
    _ = first.train(steps: 61)
    let second = try Trainer(resuming: first.checkpoint(), of: Problem(recipe))
    _ = second.train()
    try expectSame(second, undisturbed, "dropped")
    let again = try Trainer(Problem(recipe, train: undisturbed.problem.rows.train))
    #expect(again.size.droppedRows == 4 && again.size.trainRows == 508)
    recipe.training.badRows = .keep
    let kept = recipe
    #expect(throws: KeelError.self) { try Trainer(resuming: first.checkpoint(), of: Problem(kept)) }
  }

  // MARK: explosions

  /// What is kept of a run that exploded is how it stood before, and it explodes again.
  @Test func anExplosionIsNotKept() throws {
    let trainer = try Trainer(Problem(exploding))
    let explosion = try #require(trainer.train().explosion)
    let checkpoint = try trainer.checkpoint()
    let step = try #require(checkpoint.step)
    #expect(step > 0 && step <= explosion.step)
    #expect(checkpoint.network.tensors.allSatisfy { $0.values.allSatisfy(\.isFinite) })
    let again = try Trainer(resuming: checkpoint)
    #expect(again.train().explosion == explosion)
    #expect(again.trace.bits == trainer.trace.bits)
  }

  /// A loss that has left is no state to keep, finite as it may be.
  @Test func aRunThatIsLeavingIsNotSound() throws {
    let trainer = try Trainer(Problem(exploding))
    var sound: [Bool] = []
    while !trainer.isOver {
      trainer.advance()
      if trainer.explosion == nil { sound.append(trainer.isSound) }
    }
    let explosion = try #require(trainer.explosion)
    #expect(sound.prefix(60).allSatisfy { $0 })
    let newest = try #require(trainer.soundSnapshots(before: explosion.step).first)
    #expect(newest.step >= 60 && newest.step <= 100)
    let healthy = try Trainer(Problem(everything))
    while !healthy.isOver {
      healthy.advance()
      #expect(healthy.isSound, "step \(healthy.step)")
    }
  }

  /// The last update throws the weights away, and every number is finite still: snapshots are taken
  /// at multiples of an interval, the rate leaps in the step before one.
  @Test func aStateWreckedByTheLastUpdateIsNotKept() throws {
    var recipe = regression(rate: 0.01)
    let interval = try Trainer(Problem(recipe)).snapshots.interval
    let leap = 3 * interval - 1
    recipe.schedule = .step(every: leap, factor: 1e12)
    let trainer = try Trainer(Problem(recipe))
    let steps = Box<[Int]>([])
    var clock = CheckpointClock(CheckpointPolicy(every: 1) { steps.value.append($0.step!) })
    while !trainer.isOver {
      trainer.advance()
      clock.look(at: trainer)
    }
    let explosion = try #require(trainer.explosion)
    #expect(explosion.step > leap)
    #expect(trainer.snapshots.all.contains { $0.step == leap + 1 })
    #expect(trainer.soundSnapshots(before: explosion.step).first?.step == 2 * interval)
    #expect(trainer.record.rewoundTo == 2 * interval)
    #expect(steps.value == Array(1...leap))
    #expect(try trainer.checkpoint().step == 2 * interval)
    // Gone on from at the very step: nothing sound is there, so nothing is handed out.
    let damaged = try Trainer(Problem(recipe))
    _ = damaged.train(steps: leap + 1)
    let again = try Trainer(resuming: damaged.checkpoint())
    #expect(again.train().explosion != nil)
    let error = #expect(throws: KeelError.self) { try again.checkpoint() }
    #expect(error?.what == "no state before the explosion was sound")
  }

  /// One row a step, and learnt by heart: losses differ by orders of magnitude, and all are usual.
  /// Where most of the loss is noise, 16 rows at times tell little.
  @Test(arguments: [(0.0, 0), (0.5, 200)])
  func noiseIsSound(_ noise: Double, _ most: Int) throws {
    let trainer = try Trainer(
      Problem(
        Recipe(
          data: .regression(samples: 100, features: 2, noise: noise), model: [.dense(1)],
          loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.02),
          training: .init(epochs: 20, batch: 1))))
    var unsound = 0
    while !trainer.isOver {
      trainer.advance()
      unsound += trainer.isSound ? 0 : 1
    }
    #expect(trainer.step == 2000 && unsound <= most)
  }

  /// A row far outside, which is left out, makes the untrained loss enormous, but no loss sound
  /// that is far above the usual.
  @Test func aBadRowHidesNothing() throws {
    var inputs = wave(64, 8)
    inputs[40] = inputs[40].map { $0 * 1e6 }
    let trainer = try Trainer(
      Problem(regression(rate: 0.01), train: Examples(inputs: inputs, targets: wave(64, 1))))
    trainer.batches.exclude([40])
    _ = trainer.train()
    #expect(trainer.explosion == nil && trainer.baseline.scale > 1e6)
    #expect(trainer.lossFloor < 0.1 * trainer.level(before: 16))
  }

  /// What ends above the edge without having learnt is taken back as well.
  @Test func aLateDivergenceIsTakenBack() throws {
    var recipe = regression(rate: 0.01)
    recipe.schedule = .step(every: 310, factor: 1000)
    recipe.clipping = [.globalNorm(1)]
    let trainer = try Trainer(Problem(recipe))
    let training = trainer.train()
    #expect(training.outcome == .exploded && trainer.explosion == nil)
    let good = try #require(trainer.snapshots.all.last { $0.step < 310 })
    #expect(training.rewoundTo == good.step)
    #expect(try trainer.network().tensors == trainer.checkpoint().network.tensors)
  }

  /// Trains well until the rate is multiplied by ten thousand at step 100.
  private var exploding: Recipe {
    var recipe = regression(rate: 0.01)
    recipe.schedule = .step(every: 100, factor: 1e4)
    return recipe
  }

  // MARK: what it may go on under

  private func checkpoint(of recipe: Recipe, steps: Int = 40) throws -> Checkpoint {
    let trainer = try Trainer(Problem(recipe))
    _ = trainer.train(steps: steps)
    return try trainer.checkpoint()
  }

  private func refusal(_ checkpoint: Checkpoint, as recipe: Recipe?) throws -> KeelError {
    let error = #expect(throws: KeelError.self) {
      try Trainer(resuming: checkpoint, of: recipe.map { try Problem($0) })
    }
    return try #require(error)
  }

  @Test func anotherRecipeIsRefused() throws {
    let checkpoint = try checkpoint(of: regression(rate: 0.1))
    var other = regression(rate: 0.2)
    other.model[0] = .dense(16)
    let error = try refusal(checkpoint, as: other)
    #expect(error.kind == .invalid)
    #expect(
      error.description
        == """
        checkpoint: belongs to another recipe: model[0].dense.units 32 → 16, \
        optimizer.sgd.learning-rate 0.1 → 0.2; dense-1.weight has shape [32 × 8], this recipe's \
        network [16 × 8]; dense-1.bias has shape [32], this recipe's network [16]; dense-2.weight \
        has shape [1 × 32], this recipe's network [1 × 16]; go on with the recipe it was begun \
        with, or train from the start
        """)
  }

  @Test func otherRowsAreRefused() throws {
    let recipe = regression(rate: 0.1)
    let rows = try Examples(inputs: wave(64, 8), targets: wave(64, 1))
    let trainer = try Trainer(Problem(recipe, train: rows))
    _ = trainer.train(steps: 3)
    let error = try refusal(trainer.checkpoint(), as: recipe)
    #expect(error.place == "data")
    #expect(throws: Never.self) {
      try Trainer(resuming: trainer.checkpoint(), of: trainer.problem)
    }
  }

  @Test func aNetworkAloneCannotGoOn() throws {
    let trainer = try Trainer(Problem(regression(rate: 0.1)))
    #expect(try refusal(Checkpoint(trainer.network()), as: nil).place == "checkpoint")
  }

  /// Longer is the same where the steps so far would have been; the name says nothing.
  @Test func aLongerTrainingGoesOn() throws {
    let short = regression(rate: 0.1, epochs: 3)
    var long = regression(rate: 0.1, epochs: 6)
    long.name = "long"
    let undisturbed = try Trainer(Problem(long))
    _ = undisturbed.train()
    let trainer = try Trainer(resuming: checkpoint(of: short, steps: 48), of: Problem(long))
    #expect(!trainer.isOver)
    _ = trainer.train()
    try expectSame(trainer, undisturbed, "longer")
    #expect(trainer.record.start.name == "long")
    // Nor shorter than what has been taken already.
    #expect(
      try refusal(checkpoint(of: long, steps: 60), as: short).what
        == "ends after 48 steps; the checkpoint has taken 60")
  }

  @Test func aScheduleOfAnotherLengthIsRefused() throws {
    var long = everything
    long.training.epochs = 24
    #expect(
      try refusal(checkpoint(of: everything), as: long).what
        == "408 steps in place of 204 would have given the steps already taken other learning rates "
        + "(warmup)")
    // Within the warm-up both are alike.
    #expect(throws: Never.self) {
      try Trainer(resuming: checkpoint(of: everything, steps: 10), of: Problem(long))
    }
  }

  // MARK: while it trains

  @Test func itIsHandedOutOnTheWay() async throws {
    let steps = Box<[Int]>([])
    let run = try Run(Problem(everything))
    _ = await run.train(
      checkpointing: CheckpointPolicy(every: 50) { checkpoint in
        steps.value.append(checkpoint.step!)
      })
    #expect(steps.value == [50, 100, 150, 200])
  }

  private final class Box<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
  }
}

extension Tensor {
  fileprivate var bits: [UInt32] { values.map(\.bitPattern) }
}
