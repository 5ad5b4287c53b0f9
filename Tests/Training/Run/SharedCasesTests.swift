import Foundation
import KeelArchive
import KeelTestSupport
import KeelTraining
import Testing

/// Real failed trainings: their verdicts over three seeds, where the cases are at hand.
struct SharedCasesTests {
  @Test(.enabled(if: !SharedCases.all.isEmpty), arguments: SharedCases.all)
  func verdicts(_ example: SharedCases.Case) throws {
    var recipe = try RecipeFile.read(example.path)
    var rows: [String] = []
    for seed in UInt64(0)...2 {
      recipe.seed = seed
      let training = try Trainer(Problem(recipe)).train()
      #expect(example.verdicts.contains(training.verdict.rawValue), "seed \(seed)")
      let explosion = training.explosion.map {
        "step \($0.step) \($0.place) \($0.pass.rawValue) \($0.origin?.rawValue ?? "divergence")"
      }
      let skill =
        explosion ?? String(format: "S = %.3f, score %.3f", training.skill, training.score)
      rows.append("| \(recipe.name) | \(seed) | \(training.verdict.rawValue) | \(skill) |")
    }
    print(rows.joined(separator: "\n"))
  }
}
