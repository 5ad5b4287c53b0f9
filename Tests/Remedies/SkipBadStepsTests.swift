import Foundation
import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelRemedies
import KeelSettings
import KeelTraining
import Testing

/// What skipping does to trainings that are sound as they are, and to those that it must not hide.
struct SkipBadStepsTests {
  /// Every innocent recipe of every cause, and some that are hard: batch 1, rates near the edge,
  /// warm-up, a catapult.
  static let healthy: [Recipe] =
    CauseCatalog.standard.causes.flatMap { $0.innocent } + [
      regression("batch-1", rate: 0.003, batch: 1, epochs: 10),
      spirals("batch-2", .sgd(learningRate: 0.01, momentum: 0.9), batch: 2, epochs: 20),
      regression("edge-0.02", rate: 0.02), regression("edge-0.03", rate: 0.03),
      regression("edge-0.04", rate: 0.04),
      spirals("edge-0.3", .sgd(learningRate: 0.3)), spirals("edge-1", .sgd(learningRate: 1)),
      regression("warm-up", rate: 0.07, schedule: .warmup(steps: 100)),
      spirals("rmsprop", .rmsprop(learningRate: 0.01), batch: 16), catapult,
    ]

  private static func regression(
    _ name: String, rate: Double, batch: Int = 32, epochs: Int = 100,
    schedule: Choice<Schedules> = .constant
  ) -> Recipe {
    Recipe(
      name: name, data: .regression(samples: 512, features: 8, noise: 0.1, test: .fraction(0.2)),
      model: [.repeat(3, [.dense(64), .relu]), .dense(1)], initializer: .he(),
      loss: .meanSquaredError, optimizer: .sgd(learningRate: rate), schedule: schedule,
      training: .init(epochs: epochs, batch: batch))
  }

  private static func spirals(
    _ name: String, _ optimizer: Choice<Optimizers>, batch: Int = 32, epochs: Int = 100
  ) -> Recipe {
    Recipe(
      name: name, data: .spirals(samples: 600, classes: 3, noise: 0.05, test: .fraction(0.2)),
      model: [.repeat(3, [.dense(64), .relu]), .dense(3)], initializer: .he(),
      loss: .softmaxCrossEntropy, optimizer: optimizer,
      training: .init(epochs: epochs, batch: batch))
  }

  private static let catapult = Recipe(
    name: "catapult", data: .regression(samples: 256, features: 8, noise: 0.1),
    model: [.dense(256), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
    optimizer: .sgd(learningRate: 0.05), training: .init(epochs: 300, batch: 256))

  /// What it skips where nothing is wrong, and what that costs.
  @Test(arguments: healthy) func hardlyActsOnSoundTrainings(_ recipe: Recipe) throws {
    for seed in UInt64(0)...2 {
      var plain = recipe
      plain.seed = seed
      let control = try Trainer(Problem(plain))
      let before = control.train()
      guard before.verdict == .healthy else { continue }
      let skipping = try #require(
        SkipBadSteps().applied(to: Problem(plain, rows: control.problem.rows)))
      let trainer = try Trainer(Problem(skipping, rows: control.problem.rows))
      let after = trainer.train()
      let skipped = trainer.trace.skipped
      print(
        "skip-bad-steps | \(recipe.name) | seed \(seed) | \(skipped) of \(after.steps) | "
          + String(format: "%.4f | %.4f", before.score, after.score))
      #expect(after.verdict == .healthy)
      #expect(Double(skipped) <= 0.05 * Double(after.steps))
      // A rate at its edge amplifies the last bit: without a skipped step, too, its seeds lie a
      // tenth apart.
      if !recipe.name.hasPrefix("edge") { #expect(after.score >= before.score - 0.02) }
    }
  }

  /// A rate that is too high stays an explosion.
  @Test(arguments: LargeLearningRate.guilty + PoorInitialization.guilty)
  func hidesNoOtherCause(_ recipe: Recipe) throws {
    var skipping = recipe
    skipping.training.badSteps = .skip
    #expect(try Trainer(Problem(skipping)).train().verdict != .healthy)
  }

  /// A target whose square is beyond float32, under Adam, in the very first batch too.
  @Test(arguments: [0, 41]) func oneTargetBeyondReasonIsSkipped(_ row: Int) throws {
    var recipe = LargeLearningRate.innocent[0]
    recipe.optimizer = .adam(learningRate: 0.001)
    recipe.training = .init(epochs: 100, batch: 32, shuffle: false)
    var rows = try recipe.data.member.load(from: ".", seed: recipe.seed).train
    guard case .numbers(var targets) = rows.targets.values else { return }
    targets[row] = 1e38
    rows.targets.values = .numbers(targets)
    #expect(try Trainer(Problem(recipe, train: rows)).train().verdict == .exploding)
    recipe.training.badSteps = .skip
    let trainer = try Trainer(Problem(recipe, train: rows))
    #expect(trainer.train().verdict == .healthy)
    #expect(trainer.trace.skipped == 100)
  }
}
