import ArgumentParser
import Foundation
import KeelAuthoring
import KeelReport
import KeelRunners

/// What is diagnosed or cured: a recipe, or the training that an engine makes.
struct ProblemOptions: ParsableArguments {
  @Argument(
    help:
      "A recipe file (YAML); for diagnose also a log of another tool, or the beginning of a run's id; none with --engine."
  )
  var recipe: String?

  @OptionGroup var change: ChangeOptions

  @Option(
    help: ArgumentHelp(
      "A program that trains elsewhere and speaks the engine protocol; '-' is the one that started keel.",
      valueName: "command"))
  var engine: String?

  func validate() throws {
    guard (recipe == nil) != (engine == nil) else {
      throw ValidationError(
        recipe == nil
          ? "give a recipe, or --engine with the command of a program that trains"
          : "give a recipe or --engine, not both")
    }
    guard engine == nil || change.settings.isEmpty else {
      throw ValidationError("--set changes a recipe; what --engine trains has none")
    }
  }

  /// The recipe's options, where there is one.
  var source: RecipeOptions? {
    guard let recipe else { return nil }
    var options = RecipeOptions()
    (options.recipe, options.change) = (recipe, change)
    return options
  }

  /// Whether standard input and output are the engine's.
  var isStartedByEngine: Bool { engine == "-" }

  /// The problem, and the engine that trains it, where one does.
  func problem() throws -> (problem: Problem, engine: Engine?) {
    if let source { return (try Problem(try source.read()), nil) }
    let log: @Sendable (String) -> Void = { Terminal.error.write(raw: "  \($0)\n") }
    let engine =
      isStartedByEngine
      ? try Engine(startedBy: log) : try Engine(command: engine ?? "", log: log)
    return (try engine.problem(seed: change.seed ?? 0), engine)
  }

  /// The same choice on a command line, for what to type next.
  var line: String {
    if let source { return source.line }
    let words = ["--engine", engine ?? "-"] + change.words
    return words.map(Text.quoted).joined(separator: " ")
  }
}

extension Engine {
  /// What a page says of it.
  var note: EngineNote { EngineNote(name: name, spread: spread, firstStep: firstStep) }
}
