import ArgumentParser
import Foundation
import KeelAuthoring
import KeelArchive
import KeelReport

/// Which recipe, and what is changed in it.
struct RecipeOptions: ParsableArguments {
  @Argument(help: "A recipe file (YAML).")
  var recipe: String

  @OptionGroup var change: ChangeOptions

  func read() throws -> Recipe {
    var recipe = try Self.read(self.recipe, setting: change.settings)
    if let seed = change.seed { recipe.seed = seed }
    return recipe
  }

  /// Reads a recipe; says so where it is waited for.
  static func read(_ path: String, setting changes: [String]) throws -> Recipe {
    let isLikeRun = path.count >= 4 && path.allSatisfy(\.isHexDigit)
    guard !isLikeRun || FileManager.default.fileExists(atPath: path) else {
      throw KeelError(
        .missing, at: path, "is no recipe file, and no run that could be taken here",
        fix: "'keel diagnose' and 'keel report' take a run's id, with --archive where it is kept; "
          + "others take a recipe")
    }
    return try RecipeFile.read(path, setting: changes) {
      Terminal.error.write("waiting for a recipe to come through \(path)\n")
    }
  }

  /// Checks, before any work, that a file can be written and is not what the work is about.
  func checkTarget(_ path: String, _ recipe: Recipe) throws {
    try Self.checkTarget(path, apartFrom: [self.recipe] + recipe.files)
  }

  /// The same of what is not to be written over.
  static func checkTarget(_ path: String, apartFrom files: [String]) throws {
    func resolved(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
    if files.map(resolved).contains(resolved(path)) {
      throw KeelError(
        .usage, at: path, "is the recipe, or a file it trains on", fix: "write to another file")
    }
    try AtomicFile.check(path)
  }

  /// The same choice on a command line, for what to type next.
  var line: String { ([recipe] + change.words).map(Text.quoted).joined(separator: " ") }
}
