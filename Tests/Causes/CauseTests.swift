import Foundation
import KeelCauses
import KeelRecipes
import KeelTraining
import Testing

/// Every cause on its own guilty and innocent recipes, and the catalogue against the folder.
struct CauseTests {
  struct Example: CustomTestStringConvertible, Sendable {
    let cause: any Cause.Type
    let recipe: Recipe
    let isGuilty: Bool
    var testDescription: String {
      "\(cause.name): \(isGuilty ? "guilty" : "innocent") \(recipe.name)"
    }
  }

  static let examples = CauseCatalog.standard.causes.flatMap { cause in
    cause.guilty.map { Example(cause: cause, recipe: $0, isGuilty: true) }
      + cause.innocent.map { Example(cause: cause, recipe: $0, isGuilty: false) }
  }

  @Test(arguments: examples)
  func findsTheGuiltyAndOnlyThem(_ example: Example) throws {
    let trainer = try Trainer(example.recipe)
    let training = trainer.train()
    #expect((training.verdict == .exploding) == example.isGuilty)
    let diagnosis = try Evidence(example.recipe, training, trainer.trace).diagnosis(trainer.parts)
    let found = diagnosis.findings.first
    print(
      "| \(example.testDescription) | \(found?.cause ?? "–") | \(found?.kind.rawValue ?? "–") |")
    if example.isGuilty {
      #expect(found?.cause == example.cause.name)
      #expect(found?.exhibits.isEmpty == false)
      #expect((found?.confidence ?? 0) > 0.8)
    } else {
      #expect(diagnosis.findings.isEmpty)
    }
  }

  /// A guilty recipe deviates in its factor; with the factor reset it does not.
  @Test(arguments: examples.filter(\.isGuilty))
  func resettingEndsTheDeviation(_ example: Example) throws {
    let (cause, recipe) = (example.cause, example.recipe)
    let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    let subject = Subject(recipe, parts)
    guard let deviation = cause.deviation(in: subject), let reset = cause.reset(subject) else {
      Issue.record("\(recipe.name) does not deviate")
      return
    }
    #expect(deviation.value > deviation.reference && deviation.decades > 0)
    #expect(cause.deviation(in: subject.with(reset)) == nil)
    #expect(reset != recipe)
  }

  @Test func everyCauseHasBoth() {
    for cause in CauseCatalog.standard.causes {
      #expect(cause.guilty.count >= 2, "\(cause.name)")
      #expect(cause.innocent.count >= 2, "\(cause.name)")
    }
  }

  @Test func referenceRates() {
    #expect(Reference.learningRate(SGD()) == 0.01)
    #expect(Reference.learningRate(Adagrad()) == 0.01)
    for optimizer in [Adam(), AdamW(), RMSprop()] as [any Optimizer] {
      #expect(Reference.learningRate(optimizer) == 0.001)
    }
  }

  /// Two factors, each enough alone: no single reset heals, and both are found.
  @Test func sharedBlameIsOverdetermined() throws {
    var recipe = UnscaledData.guilty[0]
    recipe.model = PoorInitialization.guilty[0].model
    recipe.initializer = PoorInitialization.guilty[0].initializer
    let trainer = try Trainer(recipe)
    let training = trainer.train()
    try #require(training.verdict == .exploding)
    let diagnosis = try Evidence(recipe, training, trainer.trace).diagnosis(trainer.parts)
    let kinds = Dictionary(
      uniqueKeysWithValues: diagnosis.findings.map { ($0.cause, $0.kind) })
    #expect(kinds[UnscaledData.name] == .overdetermined)
    #expect(kinds[PoorInitialization.name] == .overdetermined, "\(kinds)")
    #expect(diagnosis.truthTable?.isEmpty == false)
  }

  @Test func catalogueIsFresh() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/Causes").standardizedFileURL
    let frame: Set = [
      "Cause", "Suspect", "Reference", "Evidence", "Diagnosis", "TruthTable", "Catalog",
    ]
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".swift") }.map { String($0.dropLast(6)) }
      .filter { !frame.contains($0) }
    #expect(CauseCatalog.standard.causes.map { "\($0)" } == files.sorted(), "run 'make catalog'")
  }

  /// Every cause has its guide, and a name that is its file's.
  @Test(arguments: CauseCatalog.standard.causes.map { $0.name })
  func hasAGuide(_ name: String) {
    let file = name.split(separator: "-").map(\.capitalized).joined()
    let guide = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Guides/Causes/\(file).md")
    #expect(FileManager.default.fileExists(atPath: guide.path), "\(guide.path)")
  }
}
