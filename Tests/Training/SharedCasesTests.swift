import Foundation
import KeelArchive
import KeelTraining
import Testing

/// Real failed trainings: their verdicts over three seeds, where the cases are at hand.
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

  @Test(.enabled(if: !cases.isEmpty), arguments: cases)
  func verdicts(_ example: Case) throws {
    var recipe = try RecipeFile.read(Self.folder.appendingPathComponent(example.recipe).path)
    var rows: [String] = []
    for seed in UInt64(0)...2 {
      recipe.seed = seed
      let training = try Trainer(recipe).train()
      #expect(example.verdicts.contains(training.verdict), "seed \(seed)")
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
