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
    let evidence = Evidence(example.recipe, training, trainer.trace)
    let diagnosis = try evidence.diagnosis(trainer.parts)
    let found = diagnosis.findings.first
    print("\(example.testDescription) → \(found?.cause ?? "nothing") \(found?.kind.rawValue ?? "")")
    if example.isGuilty {
      #expect(found?.cause == example.cause.name)
      #expect(found?.kind == .cause)
      #expect(found?.exhibits.isEmpty == false)
    } else {
      #expect(diagnosis.findings.isEmpty)
    }
  }

  /// One factor, and no other.
  @Test(arguments: examples)
  func resettingAndInsertingTouchOneFactor(_ example: Example) {
    let cause = example.cause
    #expect(cause.deviation(in: cause.reset(example.recipe)) == nil)
    #expect(cause.reset(example.recipe).diff(from: example.recipe).count <= 1)
    let reference = Reference.recipe(for: example.recipe)
    #expect(CauseCatalog.standard.causes.allSatisfy { $0.deviation(in: reference) == nil })
    let inserted = cause.insert(from: example.recipe, into: reference)
    #expect(cause.deviation(in: inserted)?.value == cause.deviation(in: example.recipe)?.value)
  }

  @Test func referenceRates() {
    #expect(Reference.learningRate(SGD()) == 0.01)
    #expect(Reference.learningRate(Adagrad()) == 0.01)
    for optimizer in [Adam(), AdamW(), RMSprop()] as [any Optimizer] {
      #expect(Reference.learningRate(optimizer) == 0.001)
    }
  }

  /// A rate above the reference that is not why it explodes is found to be no more than contributing,
  /// or ruled out.
  @Test func aHarmlessRateIsNotTheCause() throws {
    var recipe = LargeLearningRate.innocent[0]
    recipe.model = [.dense(64, initializer: .normal(std: 30)), .relu, .dense(1)]
    let trainer = try Trainer(recipe)
    let training = trainer.train()
    try #require(training.verdict == .exploding)
    let diagnosis = try Evidence(recipe, training, trainer.trace).diagnosis(trainer.parts)
    #expect(!diagnosis.findings.contains { $0.kind == .cause })
  }

  @Test func catalogueIsFresh() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/Causes").standardizedFileURL
    let frame: Set = ["Cause", "Reference", "Evidence", "Diagnosis", "Catalog"]
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".swift") }.map { String($0.dropLast(6)) }.filter {
        !frame.contains($0)
      }
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
