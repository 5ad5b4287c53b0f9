import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

/// The rate that falls when the loss does not; PyTorch's is in `OptimizerCurveTests`.
struct PlateauTests {
  private func factors(_ losses: [Double], patience: Int, factor: Double = 0.5) -> [Double] {
    let follower = Choice<Schedules>.plateau(patience: patience, factor: factor).member.follower()!
    return losses.map { loss in
      follower.admit(loss)
      return follower.factor
    }
  }

  @Test func afterPatience() {
    #expect(factors([3, 2, 2, 2, 2, 2, 2, 1], patience: 2) == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5])
    #expect(factors([3, 3, 3, 3], patience: 0) == [1, 0.5, 0.25, 0.125])
    #expect(factors([3, 2, 1, 0], patience: 0) == [1, 1, 1, 1])
  }

  /// PyTorch's relative threshold of 1e-4.
  @Test func aLittleIsNotBetter() {
    #expect(factors([1, 0.99995, 0.99991, 0.99985], patience: 1) == [1, 1, 0.5, 0.5])
  }

  /// Infinity and NaN are bad epochs, and no best.
  @Test(arguments: [Double.nan, .infinity]) func nonFiniteLosses(bad: Double) {
    #expect(factors([bad, bad, 5, bad, 4], patience: 1) == [1, 0.5, 0.5, 0.5, 0.5])
  }

  /// The trace's rates, from the trace's losses.
  @Test func followsEpochs() throws {
    var recipe = everything
    recipe.schedule = .plateau(patience: 0, factor: 0.8)
    recipe.training.epochs = 40
    recipe.training.maxSteps = 671
    let trainer = try Trainer(Problem(recipe))
    _ = trainer.train()
    let perEpoch = trainer.batches.stepsPerEpoch
    #expect(perEpoch == 17)
    let follower = try #require(recipe.schedule.member.follower())
    for (step, rate) in trainer.trace.learningRates.enumerated() {
      #expect(rate == Float(0.05 * follower.factor), "step \(step)")
      guard (step + 1) % perEpoch == 0 else { continue }
      let losses = trainer.trace.losses[(step + 1 - perEpoch)...step]
      follower.admit(losses.reduce(0) { $0 + Double($1) } / Double(perEpoch))
    }
    #expect(follower.factor < 1)
  }

  @Test(arguments: ["patience: -1", "patience: 1.5", "factor: 0", "factor: 1", "factor: .nan"])
  func badSettings(setting: String) throws {
    let parts = setting.split(separator: ": ").map(String.init)
    var recipe = everything
    recipe.schedule = .plateau()
    var tree = recipe.written
    try tree.set("schedule.plateau.\(parts[0])", to: .scalar(parts[1]))
    #expect(throws: (any Error).self) { try Recipe(tree) }
  }
}
