import ArgumentParser
import Foundation
import KeelAuthoring
import KeelArchive
import KeelReport

struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print a recipe with every default, or a template for one.")

  @Argument(help: "A recipe file (YAML).")
  var recipe: String?

  @Option(help: "Print a recipe to start from: \(Template.names).")
  var template: Template?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Change a setting; as often as wanted.", valueName: "path=value"))
  var changes: [String] = []

  @Option(parsing: .unconditional, help: "The seed, in place of the recipe's.")
  var seed: UInt64?

  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions
  @OptionGroup var archive: ArchiveOptions

  /// Recipes to start from.
  enum Template: String, CaseIterable, ExpressibleByArgument {
    case mlp

    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

    var recipe: Recipe {
      switch self {
      case .mlp:
        Recipe(
          name: "mlp",
          data: .spirals(samples: 3000, classes: 3, noise: 0.1, test: .fraction(0.2)),
          model: [.dense(64), .relu, .dense(64), .relu, .dense(3)], initializer: .he(),
          loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.001),
          clipping: [.globalNorm(1)], training: .init(epochs: 30, batch: 64))
      }
    }
  }

  func validate() throws {
    if (recipe == nil) == (template == nil) {
      throw ValidationError("name a recipe, or a --template; not both")
    }
  }

  func run() async throws {
    var recipe: Recipe
    switch (template, self.recipe) {
    case (let template?, _): recipe = try RecipeFile.change(template.recipe, setting: changes)
    case (nil, let file?): recipe = try RecipeOptions.read(file, setting: changes)
    case (nil, nil): throw ValidationError("name a recipe, or a --template")
    }
    if let seed { recipe.seed = seed }
    Terminal.output.write(raw: output.json ? JSON.text(recipe) : recipe.description)
  }
}
