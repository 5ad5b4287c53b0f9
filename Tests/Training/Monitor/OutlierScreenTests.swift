import KeelEngine
import KeelRecipes
import KeelTraining
import Testing

/// Which finite steps are skipped: outlying batches, never a whole run.
struct OutlierScreenTests {
  private func screen(_ opening: Double = 1) -> OutlierScreen {
    OutlierScreen(opening: (0..<16).map { opening * (1 + 0.01 * Double($0)) })
  }

  /// Which of some norms it rejects, one after the other.
  private func rejected(_ norms: [Double], by screen: OutlierScreen) -> [Bool] {
    var screen = screen
    return norms.map { screen.rejects($0) }
  }

  @Test func oneLargeNormIsRejectedFromTheFirstStepOn() {
    let norms = [1e3, 1.2, 9, 1e30, 1e30, 1e30, 1]
    #expect(rejected(norms, by: screen()) == [true, false, false, true, true, true, false])
  }

  /// A rejected norm is not admitted: as many as come one at a time are seen.
  @Test func manyDoNotBecomeUsual() {
    let norms = (0..<1000).map { $0 % 3 == 0 ? 500.0 : 1 }
    #expect(rejected(norms, by: screen()) == norms.map { $0 == 500 })
  }

  /// Sixteen in a row at the same parameters are the parameters' doing.
  @Test func aNewLevelCostsFifteenSteps() {
    let found = rejected(Array(repeating: 50, count: 100), by: screen())
    #expect(found == Array(repeating: true, count: 15) + Array(repeating: false, count: 85))
  }

  /// What falls by decades is no reason to let a far larger one through.
  @Test func aTrendDoesNotHideIt() {
    let norms = (0..<60).map { 100 / (1 + Double($0) * 2) } + [1e6]
    #expect(rejected(norms, by: screen(100)).firstIndex(of: true) == 60)
  }

  @Test func withoutAnOpeningItWaits() {
    let norms = Array(repeating: 1.0, count: 15) + [100, 1000]
    #expect(rejected(norms, by: OutlierScreen(opening: [])).firstIndex(of: true) == 16)
  }

  private var poisoned: Recipe {
    var recipe = OutlierScreenTests.recipe
    recipe.training.badSteps = .skip
    return recipe
  }

  private static let recipe = Recipe(
    name: "poisoned", seed: 5,
    data: .regression(samples: 320, features: 8, noise: 0.1, outliers: 1, outlierScale: 1e4),
    model: [.dense(32), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
    optimizer: .sgd(learningRate: 0.01), training: .init(epochs: 30, batch: 32))

  /// One batch of ten holds the row, in every epoch; without skipping it is the end.
  @Test func skipsTheBatchThatHoldsTheRow() throws {
    #expect(try Trainer(Problem(Self.recipe)).train().verdict == .exploding)
    let trainer = try Trainer(Problem(poisoned))
    let training = trainer.train()
    #expect(training.verdict == .healthy)
    let skipped = (0..<300).filter(trainer.trace.wasSkipped)
    #expect(skipped.count == 30 && trainer.trace.skipped == 30)
    #expect(Set(skipped.map { $0 / 10 }).count == 30)
    #expect(trainer.trace.events.filter { $0.kind == .skipped }.map(\.step) == skipped)
  }

  /// Gone back to a snapshot it decides as it did.
  @Test func goesOnBitForBit() throws {
    let undisturbed = try Trainer(Problem(poisoned))
    _ = undisturbed.train()
    let trainer = try Trainer(Problem(poisoned))
    _ = trainer.train(steps: 57)
    let snapshot = trainer.snapshot()
    _ = trainer.train(steps: 91)
    trainer.rewind(to: snapshot)
    _ = trainer.train()
    #expect(trainer.trace.bits == undisturbed.trace.bits)
  }

  /// A catapult rises by decades and comes back: skipping delays it, and no more.
  @Test func aCatapultStillFlies() throws {
    var recipe = Recipe(
      name: "catapult", data: .regression(samples: 256, features: 8, noise: 0.1),
      model: [.dense(256), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0.05), training: .init(epochs: 300, batch: 256))
    recipe.training.badSteps = .skip
    let trainer = try Trainer(Problem(recipe))
    let training = trainer.train()
    print("catapult: skipped \(trainer.trace.skipped), skill \(training.skill)")
    #expect(training.verdict == .healthy && training.skill > 0.9)
    #expect(trainer.trace.skipped <= 45)
  }
}
