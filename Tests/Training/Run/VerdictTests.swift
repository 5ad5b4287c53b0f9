import Foundation
import KeelData
import KeelRecipes
import KeelTraining
import Testing

/// The definitions of verdict, skill, score and of when a run is stopped.
struct VerdictTests {
  @Test func aSoundTrainingIsHealthy() throws {
    let training = try Trainer(Problem(regression(rate: 0.05))).train()
    #expect(training.verdict == .healthy)
    #expect(training.outcome == .trained)
    #expect(training.skill > 0.9)
    #expect(training.score > 0.9)
    #expect(training.metric?.name == "r-squared")
  }

  @Test func anOvershootingOneExplodes() throws {
    let training = try Trainer(Problem(regression(rate: 3))).train()
    #expect(training.verdict == .exploding)
    #expect(training.skill == -.infinity)
    #expect(training.score == -.infinity)
    #expect(training.metric == nil)
    #expect(training.explosion?.kind == .nonFinite)
  }

  @Test func withoutARateItIsStalled() throws {
    let training = try Trainer(Problem(regression(rate: 0))).train()
    #expect(training.verdict == .stalled)
    #expect(training.outcome == .trained)
  }

  @Test func withoutAGradientItIsVanishing() throws {
    var recipe = regression(rate: 0.01)
    recipe.model = Array(repeating: [.dense(16), .sigmoid], count: 12).flatMap { $0 } + [.dense(1)]
    recipe.initializer = .normal(std: 0.1)
    #expect(try Trainer(Problem(recipe)).train().verdict == .vanishing)
  }

  /// He, ReLU, squared error, a rate beyond the edge: the loss peaks at 100 times its start or
  /// more, and comes back. Stopping it would be a false alarm.
  @Test func aCatapultIsNotStopped() throws {
    let trainer = try Trainer(Problem(Self.catapult))
    let training = trainer.train()
    let peak = Double(trainer.trace.losses.max()!) / trainer.baseline.initial
    print(
      "catapult: peak \(peak) × L₀, S = \(training.skill), \(trainer.trace.events.count) events")
    #expect(peak > 100)
    #expect(training.skill >= 0.9)
    #expect(training.verdict == .healthy)
    #expect(trainer.monitor.divergence.firstPassed != nil)
  }

  static let catapult = Recipe(
    name: "catapult", data: .regression(samples: 256, features: 4, noise: 0),
    model: [.dense(512), .relu, .dense(512), .relu, .dense(1)], initializer: .he(),
    loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.02),
    training: .init(epochs: 400, batch: 256, shuffle: false))

  @Test func skillIsHeldAgainstTheBestConstant() throws {
    let trainer = try Trainer(Problem(regression(rate: 0.01)))
    let targets = trainer.data.train.numbers.map(Double.init)
    let mean = targets.reduce(0, +) / Double(targets.count)
    let variance = targets.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(targets.count)
    #expect(abs(trainer.baseline.constant / variance - 1) < 1e-9)
    #expect(trainer.baseline.skill(0) == 1)
    #expect(abs(trainer.baseline.skill(variance)) < 1e-9)
  }

  /// L₀ is taken over at least 256 rows, whatever the batch.
  @Test func initialLossIsNotOfOneBatch() throws {
    var small = regression(rate: 0.01)
    small.training.batch = 1
    var large = small
    large.training.batch = 256
    let (a, b) = (try Trainer(Problem(small)), try Trainer(Problem(large)))
    #expect(abs(a.baseline.initial / b.baseline.initial - 1) < 1e-5)
  }

  @Test func constantTargetsAreScoredAgainstTheReferencePoint() throws {
    let inputs = (0..<64).map { [Float($0) / 64, 1 - Float($0) / 64] }
    let examples = try Examples(inputs: inputs, targets: inputs.map { _ in [2] })
    var recipe = regression(rate: 0.05, epochs: 100)
    recipe.standardize = .none
    let trainer = try Trainer(Problem(recipe, train: examples))
    #expect(trainer.baseline.reference == trainer.baseline.initial)
    let training = trainer.train()
    #expect(training.verdict == .healthy)
    #expect(training.score > 0.99 && training.score <= 1)
  }

  @Test func badStepsAreSkippedAndCounted() throws {
    var inputs = (0..<64).map { [Float($0) / 64] }
    let targets = inputs
    inputs[40] = [.nan]
    var recipe = regression(rate: 0.05, epochs: 50)
    recipe.training.batch = 16
    recipe.training.badSteps = .skip
    let examples = try Examples(inputs: inputs, targets: targets)
    let trainer = try Trainer(Problem(recipe, train: examples))
    let training = trainer.train()
    #expect(trainer.trace.skipped == 50)
    #expect(training.explosion == nil)
    #expect(training.verdict == .healthy)
    recipe.training.badSteps = .stop
    #expect(try Trainer(Problem(recipe, train: examples)).train().explosion?.place == "input")
  }

  /// Where no batch can be stepped on any more, skipping ends, too.
  @Test func skippingForEverIsAnExplosion() throws {
    var recipe = regression(rate: 3)
    recipe.training.badSteps = .skip
    #expect(try Trainer(Problem(recipe)).train().verdict == .exploding)
    // No batch whose loss is finite.
    let examples = try Examples(
      inputs: (0..<64).map { [Float($0)] }, targets: (0..<64).map { _ in [1e30] })
    let training = try Trainer(Problem(recipe, train: examples)).train()
    #expect(training.explosion?.kind == .nonFinite)
    #expect(training.steps == 10)
  }

  /// A rate hundreds of times too large: the few steps that are taken destroy the network, and
  /// whatever is skipped after them does not hide it.
  @Test(arguments: [(seed: UInt64(3), batch: 7), (1, 3), (2, 5), (4, 9)])
  func whatFollowsIsSkippedAndHidesNothing(seed: UInt64, batch: Int) throws {
    var recipe = Recipe(
      seed: seed, data: .teacher(samples: 400, features: 9, test: .fraction(0.2)),
      model: [.dense(33), .relu, .dense(33), .relu, .dense(1)], initializer: .he(),
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 5),
      training: .init(epochs: 5, batch: batch, maxSteps: 60, badSteps: .skip))
    let trainer = try Trainer(Problem(recipe))
    let training = trainer.train()
    #expect(training.verdict == .exploding)
    let explosion = try #require(training.explosion)
    #expect(!trainer.trace.wasSkipped(explosion.step) || explosion.kind == .nonFinite)
    // It is told again as it was seen.
    var monitor = trainer.monitor
    monitor.recall(trainer.trace)
    #expect(monitor.divergence.firstPassed == trainer.monitor.divergence.firstPassed)
    recipe.optimizer = .sgd(learningRate: 0.01)
    #expect(try Trainer(Problem(recipe)).train().verdict != .exploding)
  }

  /// A bad row in the very last batch, and in the ten before it: the network is as good as it was.
  @Test func aBadBatchAtTheEndIsNoExplosion() throws {
    var recipe = regression(rate: 0.05)
    recipe.training = .init(epochs: 1, batch: 8, shuffle: false, badSteps: .skip)
    var parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    for row in 53 * 8..<64 * 8 { parts.train.inputs[row * 8] = .nan }
    let trainer = try Trainer(Problem(recipe, rows: parts))
    let training = trainer.train()
    #expect(trainer.trace.wasSkipped(63) && trainer.trace.skipped == 11)
    #expect(training.explosion == nil && training.verdict != .exploding)
  }

  /// One update that leaves no finite loss behind, and an end before anybody would give up.
  @Test func aRunThatEndsAmongBadStepsExplodes() throws {
    var recipe = regression(rate: 1e25)
    recipe.training.badSteps = .skip
    recipe.training.maxSteps = 6
    let training = try Trainer(Problem(recipe)).train()
    #expect(training.steps == 6)
    #expect(training.explosion?.kind == .nonFinite)
  }

  /// The loss grows without bound but slowly: stopped for divergence, not for a NaN.
  @Test func aSlowDivergenceIsStopped() throws {
    let recipe = Recipe(
      name: "slow", data: .regression(samples: 64, features: 2, noise: 0), model: [.dense(1)],
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 1.02), schedule: .constant,
      training: .init(epochs: 100_000, batch: 64, shuffle: false))
    let trainer = try Trainer(Problem(recipe))
    let training = trainer.train()
    print("slow divergence: \(training.steps) steps, \(String(describing: training.explosion))")
    #expect(training.verdict == .exploding)
    #expect(training.explosion?.kind == .divergence)
    #expect(training.steps < 100_000)
  }
}
