import Foundation
import KeelData
import KeelEngine
import KeelForecast
import KeelRecipes
import KeelTraining
import Testing

/// The step it dies, against trainings that nobody stops.
@Suite(.serialized) struct FateTests {
  /// The first step that is not finite; nil after `limit` steps.
  private func death(_ recipe: Recipe, _ parts: DataSplit, limit: Int) throws -> Int? {
    let virtualTrainer = try VirtualTrainer(Problem(recipe, rows: parts))
    for step in 0..<min(limit, virtualTrainer.total) {
      guard case .done = virtualTrainer.advance(step: step, updates: step) else { return step }
    }
    return nil
  }

  private func linear(_ rate: Double, momentum: Double = 0, batch: Int = 256, seed: UInt64 = 0)
    -> Recipe
  {
    Recipe(
      name: "linear", seed: seed, data: .regression(samples: 256, features: 6, noise: 0.3),
      model: [.dense(1)], loss: .meanSquaredError,
      optimizer: .sgd(learningRate: rate, momentum: momentum, nesterov: momentum == 0.5),
      training: .init(epochs: 20_000, batch: batch))
  }

  @Test(arguments: [0.8, 0.81, 0.85, 0.9, 1.0, 1.5, 3, 30], [UInt64(0), 1])
  func linearModels(rate: Double, seed: UInt64) throws {
    try check(linear(rate, seed: seed), "lr \(rate)")
  }

  @Test(arguments: [(1.6, 0.9), (2, 0.9), (0.65, 0.5), (0.7, 0.5)])
  func withMomentum(rate: Double, momentum: Double) throws {
    try check(linear(rate, momentum: momentum), "lr \(rate), momentum \(momentum)")
  }

  @Test func withASchedule() throws {
    var recipe = linear(0.9)
    recipe.schedule = .cosine(steps: 4000)
    try check(recipe, "cosine")
  }

  @Test(arguments: [0.95, 1.0, 1.2]) func inBatches(rate: Double) throws {
    try check(linear(rate, batch: 64), "lr \(rate), batches of 64")
  }

  private func check(_ recipe: Recipe, _ label: String) throws {
    let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    let forecast = try Forecaster(Problem(recipe, rows: parts), .quick).run()
    let seen = try death(recipe, parts, limit: 20_000)
    print("dies, \(label): predicted \(forecast.diesAtStep ?? -1), seen \(seen ?? -1)")
    guard let seen else {
      #expect(forecast.diesAtStep == nil || forecast.diesAtStep! > 15_000)
      return
    }
    let predicted = try #require(forecast.diesAtStep)
    #expect(abs(predicted - seen) <= max(1, Int(0.15 * Double(seen))))
    #expect(forecast.verdict == .exploding)
  }

  /// A linear model beyond its edge is lost however slowly; one below it is not, and neither is one
  /// that ends before the loss leaves.
  @Test func slowExplosions() throws {
    var recipe = linear(0.1)
    let parts = try recipe.data.member.load(from: ".", seed: 0)
    let edge =
      2 / (try #require(LinearModel(VirtualTrainer(Problem(recipe, rows: parts))))).sharpness
    for (factor, verdict) in [(0.98, Forecast.Verdict.stable), (1.01, .exploding)] {
      recipe.optimizer = .sgd(learningRate: edge * factor)
      let forecast = try Forecaster(Problem(recipe, rows: parts), .quick).run()
      #expect(forecast.verdict == verdict, "\(factor)")
      let training = try Trainer(Problem(recipe, rows: parts)).train()
      #expect((training.verdict == .exploding) == (verdict == .exploding), "\(factor)")
      if let step = forecast.step, let explosion = training.explosion {
        print("passes the edge: predicted \(step), seen \(explosion.step)")
        #expect(abs(Double(step) / Double(explosion.step) - 1) < 0.15)
      }
    }
    recipe.optimizer = .sgd(learningRate: edge * 1.01)
    recipe.training.epochs = 50
    #expect(try Forecaster(Problem(recipe, rows: parts), .quick).run().verdict == .stable)
    #expect(try Trainer(Problem(recipe, rows: parts)).train().verdict != .exploding)
  }

  /// Networks: the dry run sees most of them die; of the rest its growth is continued.
  @Test func networks() throws {
    var errors: [Double] = []
    for index in 0..<24 {
      let rate = 0.1 * pow(1.25, Double(index % 12))
      let recipe = regression(
        "dying", rate: rate, widths: index < 12 ? [16, 16] : [24], features: 6,
        batch: index % 2 == 0 ? 32 : 128,
        activation: index % 3 == 0 ? .tanh : .relu, epochs: 200)
      let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
      guard let seen = try death(recipe, parts, limit: 1600) else { continue }
      let forecast = try Forecaster(Problem(recipe, rows: parts), .quick).run()
      guard let predicted = forecast.diesAtStep else {
        print("dies at \(seen), no step given")
        errors.append(1)
        continue
      }
      print("network dies: predicted \(predicted), seen \(seen)")
      errors.append(abs(Double(predicted) / Double(max(1, seen)) - 1))
    }
    let sorted = errors.sorted()
    print("networks: \(errors.count), median error \(sorted[sorted.count / 2])")
    #expect(errors.count >= 5)
    #expect(sorted[sorted.count / 2] <= 0.3)
  }
}
