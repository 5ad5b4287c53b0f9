import ArgumentParser
import Foundation
import Keel
import KeelArchive
import KeelReport

/// Which recipe, and what is changed in it.
struct RecipeOptions: ParsableArguments {
  @Argument(help: "A recipe file (YAML).")
  var recipe: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Change a setting, such as optimizer.sgd.learning-rate=0.01; as often as wanted.",
      valueName: "path=value"))
  var changes: [String] = []

  @Option(parsing: .unconditional, help: "The seed, in place of the recipe's.")
  var seed: UInt64?

  func read() throws -> Recipe {
    var recipe = try Self.read(self.recipe, setting: changes)
    if let seed { recipe.seed = seed }
    return recipe
  }

  /// Reads a recipe; says so where it is waited for.
  static func read(_ path: String, setting changes: [String]) throws -> Recipe {
    try RecipeFile.read(path, setting: changes) {
      Terminal.error.write("waiting for a recipe to come through \(path)\n")
    }
  }

  /// Checks, before any work, that a file can be written and is not what the work is about.
  func checkTarget(_ path: String, _ recipe: Recipe) throws {
    func resolved(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
    if ([self.recipe] + recipe.files).map(resolved).contains(resolved(path)) {
      throw KeelError(
        .usage, at: path, "is the recipe, or a file it trains on", fix: "write to another file")
    }
    try AtomicFile.check(path)
  }

  /// The same choice on a command line, for what to type next.
  var line: String {
    let words =
      [recipe] + changes.flatMap { ["--set", $0] } + (seed.map { ["--seed", String($0)] } ?? [])
    return words.map(Text.quoted).joined(separator: " ")
  }
}
