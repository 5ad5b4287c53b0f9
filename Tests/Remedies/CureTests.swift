import Foundation
import KeelCauses
import KeelRecipes
import KeelRemedies
import KeelTraining
import Testing

struct CureTests {
  struct Example: CustomTestStringConvertible, Sendable {
    let remedy: any Remedy.Type
    let recipe: Recipe
    var testDescription: String { "\(remedy.name) on \(recipe.name)" }
  }

  /// Every remedy on the guilty recipes of the causes it treats.
  static let examples = RemedyCatalog.standard.remedies.flatMap { remedy in
    CauseCatalog.standard.causes.filter { remedy.treats.contains($0.name) }
      .flatMap { $0.guilty }.map { Example(remedy: remedy, recipe: $0) }
  }

  @Test(arguments: examples)
  func cures(_ example: Example) async throws {
    let history = try await example.recipe.cured()
    #expect(history.outcome == .cured)
    #expect(history.before.verdict == .exploding)
    #expect(history.after?.verdict == .healthy)
    #expect(history.remedies.map(\.remedy) == [example.remedy.name])
    #expect(history.remedies[0].changes == history.recipe.diff(from: example.recipe))
    #expect((history.after?.score ?? 0) > 0.5)
    print(
      "\(example.testDescription): score \(history.after?.score ?? .nan), "
        + "cost \(history.cost.relativeToOneTraining)")
  }

  @Test(arguments: LargeLearningRate.innocent)
  func leavesTheHealthyAlone(_ recipe: Recipe) async throws {
    let history = try await recipe.cured()
    #expect(history.outcome == .healthy)
    #expect(history.recipe == recipe)
    #expect(history.trials.isEmpty && history.remedies.isEmpty && history.after == nil)
    #expect(history.cost.steps == history.before.steps)
  }

  @Test func whatDoesNotExplodeIsNotTreated() async throws {
    var recipe = LargeLearningRate.innocent[0].withLearningRate(0)
    recipe.name = "stalled"
    let history = try await recipe.cured()
    #expect(history.outcome == .notExploding)
    #expect(history.before.verdict == .stalled)
    #expect(history.recipe == recipe)
  }

  /// An overflow in the first forward pass: no rate can mend it.
  @Test func theIncurableIsReportedAsSuch() async throws {
    var recipe = LargeLearningRate.guilty[0]
    recipe.model = [
      .dense(8, initializer: .normal(std: 1e30)), .dense(1, initializer: .normal(std: 1e30)),
    ]
    let history = try await recipe.cured()
    #expect(history.outcome == .incurable)
    #expect(history.after == nil)
    #expect(history.recipe == recipe)
    #expect(history.findings.isEmpty)
  }

  /// The score of the cure is that of the trial it came from, or better.
  @Test func theCureKeepsWhatItsTrialPromised() async throws {
    let history = try await LargeLearningRate.guilty[0].cured()
    let change = try #require(history.remedies.first)
    let trial = try #require(history.trials.first { $0.remedies == [change] })
    #expect((history.after?.score ?? 0) >= trial.score - 0.02)
  }

  @Test func candidatesFallByHalfDecades() {
    let recipe = LargeLearningRate.guilty[0]
    let rates = LowerLearningRate.candidates(for: recipe).map(\.rate)
    #expect(rates.first == 0.32)
    #expect(rates.last! >= 0.00099)
    for (a, b) in zip(rates, rates.dropFirst()) { #expect(abs(a / b - 10.0.squareRoot()) < 0.2) }
    #expect(LowerLearningRate(rate: 2).applied(to: recipe) == nil)
  }

  @Test func catalogueIsFresh() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/Remedies").standardizedFileURL
    let frame: Set = ["Remedy", "Price", "Cure", "CaseHistory", "HealingPolicy", "Catalog"]
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".swift") }.map { String($0.dropLast(6)) }.filter {
        !frame.contains($0)
      }
    #expect(RemedyCatalog.standard.remedies.map { "\($0)" } == files.sorted(), "run 'make catalog'")
  }

  @Test(arguments: RemedyCatalog.standard.remedies.map { $0.name })
  func hasAGuide(_ name: String) {
    let file = name.split(separator: "-").map(\.capitalized).joined()
    let guide = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Guides/Remedies/\(file).md")
    #expect(FileManager.default.fileExists(atPath: guide.path), "\(guide.path)")
  }
}
