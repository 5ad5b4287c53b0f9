import Foundation
import KeelArchive
import KeelForecast
import KeelTraining
import Testing

/// Real failed trainings: forecast over three seeds, where the cases are at hand.
struct SharedCasesTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../shared/cases").standardizedFileURL

  struct Case: Decodable, CustomTestStringConvertible {
    let recipe: String
    let verdicts: [Verdict]
    var testDescription: String { recipe }
  }

  static let cases: [Case] = {
    guard let index = try? Data(contentsOf: folder.appendingPathComponent("index.json")) else {
      return []
    }
    return (try? JSONDecoder().decode([Case].self, from: index)) ?? []
  }()

  /// What explodes there does so within forty steps.
  @Test(.enabled(if: !cases.isEmpty), arguments: cases)
  func forecasts(_ example: Case) throws {
    var recipe = try RecipeFile.read(Self.folder.appendingPathComponent(example.recipe).path)
    for seed in UInt64(0)...2 {
      recipe.seed = seed
      let parts = try recipe.data.member.load(from: recipe.folder.path, seed: seed)
      let forecast = try recipe.forecast(parts)
      print(
        "| \(recipe.name) | \(seed) | \(forecast.verdict.rawValue) | \(forecast.step ?? -1) |",
        forecast.margin, "| \(forecast.cost.evaluations) |")
      if example.verdicts == [.exploding] { #expect(forecast.verdict == .exploding) }
      if !example.verdicts.contains(.exploding) { #expect(forecast.verdict != .exploding) }
      #expect(forecast.cost.evaluations <= forecast.cost.limit)
    }
  }
}
