import Foundation
import KeelArchive
import KeelEngine
import KeelRecipes
import KeelTestSupport
import KeelTraining
import Testing

/// The real trainings of `Recipes/`: each is a plan for its own data, and learns in small.
struct TrainingRecipeTests {
  static let folder = Checkout.path("Recipes")

  static let files =
    (try? FileManager.default.contentsOfDirectory(atPath: folder))?
    .filter { $0.hasSuffix(".yaml") }.sorted() ?? []

  /// Where its data are not there, that is all there is to say.
  @Test(arguments: files) func plans(_ file: String) throws {
    let recipe = try RecipeFile.read("\(Self.folder)/\(file)")
    #expect("\(recipe.name).yaml" == file)
    do {
      #expect(try Trainer(Problem(recipe)).size.steps > 0)
    } catch let error as KeelError where error.kind == .missing {
      #expect(error.place.hasSuffix(".gz"), "\(error)")
      print("\(file): not planned, \(error)")
    }
  }

  struct Small: CustomTestStringConvertible, Sendable {
    let name: String
    let changes: [String]
    var testDescription: String { name }
  }

  /// A convolutional one learns in `ImageTrainingTests`. Each is long enough to end at 0.3 or more
  /// on every seed of six: data and rounding differ by the checkout and the machine.
  static let small = [
    Small(
      name: "adding-lstm",
      changes: [
        "data.adding-problem={length: 8, samples: 1000}", "model[0].lstm=16",
        "optimizer.adam.learning-rate=0.01", "training.epochs=10",
      ]),
    Small(
      name: "temporal-order-clipped",
      changes: [
        "data.temporal-order={length: 10, samples: 1000}", "model[0].recurrent=24",
      ]),
    Small(
      name: "residual-mlp",
      changes: ["data.spirals.samples=600", "model[1].repeat.times=20", "training.epochs=10"]),
    Small(
      name: "residual-mlp-normalized",
      changes: ["data.spirals.samples=600", "model[1].repeat.times=20", "training.epochs=10"]),
    Small(
      name: "text-gpt",
      changes: [
        "data.text.length=16", "model[1].repeat.times=1", "training.max-steps=300",
        "optimizer.adam.learning-rate=0.003",
      ]),
  ]

  @Test(arguments: small) func learnsInSmall(_ small: Small) throws {
    let recipe = try RecipeFile.read("\(Self.folder)/\(small.name).yaml", setting: small.changes)
    let training = try Trainer(Problem(recipe)).train()
    print("\(small.name): skill \(training.skill), score \(training.score)")
    #expect(training.verdict == .healthy)
    #expect(training.skill > 0.2)
  }
}
