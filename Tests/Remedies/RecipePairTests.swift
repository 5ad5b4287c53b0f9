import Foundation
import KeelArchive
import KeelCauses
import KeelRecipes
import KeelRemedies
import KeelTestSupport
import KeelTraining
import Testing

/// `Recipes/` shows each cause that a recipe can have: one that is sick for it, and the same
/// without.
struct RecipePairTests {
  static let causes = CauseCatalog.standard.causes.filter { !$0.isOfEngines }.map { $0.name }

  private static let folder = Checkout.path("Recipes")

  private static func read(_ name: String) throws -> Recipe {
    try RecipeFile.read("\(folder)/\(name).yaml")
  }

  @Test(arguments: causes)
  func isSickForItsCause(_ cause: String) throws {
    let recipe = try Self.read(cause)
    #expect(recipe.name == cause)
    let trainer = try Trainer(Problem(recipe))
    let training = trainer.train()
    #expect(training.verdict != .healthy)
    let diagnosis = try Evidence(
      trainer.problem, training: training, trace: trainer.trace
    ).diagnosis()
    #expect(diagnosis.findings.first?.cause == cause)
    #expect(diagnosis.findings.first?.kind == .cause)
  }

  @Test(arguments: causes)
  func itsTwinIsHealthy(_ cause: String) throws {
    let recipe = try Self.read("\(cause)-cured")
    let trainer = try Trainer(Problem(recipe))
    let training = trainer.train()
    #expect(training.verdict == .healthy)
    #expect(training.score > 0.85, "\(cause)")
  }

  /// The twin differs in what its cause is about, and the cause finds nothing in it.
  @Test(arguments: causes)
  func twinsDifferInOneThing(_ name: String) throws {
    let cause = try #require(CauseCatalog.standard.causes.first { $0.name == name })
    let (sick, sound) = (try Self.read(name), try Self.read("\(name)-cured"))
    let trainer = try Trainer(Problem(sick))
    let subject = Evidence(
      trainer.problem, training: trainer.train(), trace: trainer.trace)
    #expect(cause.deviation(in: subject) != nil)
    #expect(cause.deviation(in: subject.with(sound)) == nil)
    let changes = Set(
      sound.diff(from: sick).map { String($0.path.prefix { $0 != "." && $0 != "[" }) })
    #expect(changes.subtracting(["name"]).count <= 2, "\(changes)")
    #expect(sound.data == sick.data)
    #expect(sound.training.epochs == sick.training.epochs)
  }

  /// Whoever opens a file reads first what will happen, and why.
  @Test func everyRecipeBeginsWithAComment() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
      .filter { $0.hasSuffix(".yaml") }
    #expect(files.count >= 2 * Self.causes.count)
    for file in files {
      let text = try String(contentsOfFile: "\(Self.folder)/\(file)", encoding: .utf8)
      #expect(text.hasPrefix("# "), "\(file)")
    }
  }
}
