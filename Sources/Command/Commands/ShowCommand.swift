import ArgumentParser
import Foundation
import KeelAuthoring
import KeelArchive
import KeelReport
import KeelRunners

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
    case mlp, study

    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// Nil of what is no recipe.
    var recipe: Recipe? {
      switch self {
      case .study: nil
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
    if template == .study || self.recipe.map(StudyFile.isStudy) ?? false {
      return try showStudy()
    }
    switch (template?.recipe, self.recipe) {
    case (let template?, _): recipe = try RecipeFile.change(template, setting: changes)
    case (nil, let file?): recipe = try RecipeOptions.read(file, setting: changes)
    case (nil, nil): throw ValidationError("name a recipe, or a --template")
    }
    if let seed { recipe.seed = seed }
    Terminal.output.write(raw: output.json ? JSON.text(recipe) : recipe.description)
  }

  /// The template with its remarks, a study with every default.
  private func showStudy() throws {
    guard let file = recipe else {
      guard changes.isEmpty, !output.json else {
        throw KeelError(
          .usage, at: "--template study", "is a page of YAML, and nothing is set in it",
          fix: "write it to a file, and change that")
      }
      return Terminal.output.write(raw: Study.template)
    }
    var study = try StudyFile.read(file, setting: changes)
    if let seed { study.seed = seed }
    Terminal.output.write(raw: output.json ? JSON.text(study.written) : study.description)
  }
}
