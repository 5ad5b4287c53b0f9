import Foundation
import KeelArchive
import KeelForecast
import KeelTestSupport
import KeelTraining
import Testing

/// Real failed trainings: forecast over three seeds, where the cases are at hand.
struct SharedCasesTests {
  /// What explodes there does so within forty steps.
  @Test(.enabled(if: !SharedCases.all.isEmpty), arguments: SharedCases.all)
  func forecasts(_ example: SharedCases.Case) throws {
    var recipe = try RecipeFile.read(example.path)
    for seed in UInt64(0)...2 {
      recipe.seed = seed
      let parts = try recipe.data.member.load(from: recipe.folder, seed: seed)
      let forecast = try Forecaster(Problem(recipe, rows: parts)).run()
      print(
        "| \(recipe.name) | \(seed) | \(forecast.verdict.rawValue) | \(forecast.step ?? -1) |",
        forecast.margin, "| \(forecast.cost.evaluations) |")
      if example.verdicts == ["exploding"] { #expect(forecast.verdict == .exploding) }
      if !example.verdicts.contains("exploding") { #expect(forecast.verdict != .exploding) }
      #expect(forecast.cost.evaluations <= forecast.cost.limit)
    }
  }
}
