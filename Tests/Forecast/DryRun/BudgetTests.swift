import Foundation
import KeelForecast
import KeelRecipes
import KeelTestSupport
import KeelTraining
import Testing

/// What a forecast may cost.
@Suite(.serialized) struct BudgetTests {
  @Test func threeHundredEvaluations() throws {
    for recipe in twenty + [catapult] {
      let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
      let forecast = try Forecaster(Problem(recipe, rows: parts)).run()
      #expect(forecast.cost.limit >= 300)
      #expect(forecast.cost.evaluations <= forecast.cost.limit, "\(recipe.name)")
    }
    #expect(EvaluationBudget(trainingSteps: 100_000, batch: 32).limit == 5000)
    #expect(EvaluationBudget(trainingSteps: 100, batch: 32).limit == 300)
  }

  /// A hundred layers of 64, 128 rows: under 3 s, its dry run and theory under 1 s; alone on two
  /// cores it takes 1.4 s. Other tests spin beside it here and its time grows up to fourfold: the
  /// best of three tries in thread time, and twice as much, is what may pass; all times are
  /// printed.
  @Test func aHundredLayers() throws {
    let recipe = Recipe(
      data: .regression(samples: 128, features: 64),
      model: [.repeat(99, [.dense(64), .relu]), .dense(1)], initializer: .he(),
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.001),
      training: .init(epochs: 1000, batch: 128))
    let parts = try recipe.data.member.load(from: ".", seed: 0)
    for (scope, limit) in [(ForecastScope.quick, 1.0), (.full, 3)] {
      var best = Double.infinity
      for _ in 0..<3 where best > limit {
        let (clock, start) = (ContinuousClock.now, threadTime())
        let cost = try Forecaster(Problem(recipe, rows: parts), scope).run().cost
        best = min(best, threadTime() - start)
        print(
          "100 layers of 64, \(scope): \(best) s of thread, \(ContinuousClock.now - clock), "
            + "\(cost.evaluations) evaluations")
      }
      #expect(best < 2 * limit)
    }
  }
}
