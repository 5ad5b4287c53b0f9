import ArgumentParser
import Foundation
import KeelArchive
import KeelAuthoring
import KeelReport
import KeelRunners

/// What is diagnosed or cured: a recipe, a study, or the training that an engine makes.
struct ProblemOptions: ParsableArguments {
  @Argument(
    help:
      "A recipe or a study (YAML); for diagnose also a log of another tool, or the beginning of a run's id; none with --engine."
  )
  var recipe: String?

  @OptionGroup var change: ChangeOptions

  @Option(
    help: ArgumentHelp(
      "A program that trains elsewhere and speaks the engine protocol; '-' is the one that started keel.",
      valueName: "command"))
  var engine: String?

  @Option(parsing: .unconditional, help: "Of a study: trials at a time.")
  var jobs: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Of a study: words before its program's, such as 'srun -n1'.", valueName: "prefix"))
  var launcher: String?

  func validate() throws {
    guard (recipe == nil) != (engine == nil) else {
      throw ValidationError(
        recipe == nil
          ? "give a recipe, or --engine with the command of a program that trains"
          : "give a recipe or --engine, not both")
    }
    guard jobs ?? 1 >= 1, jobs ?? 1 <= 1024 else {
      throw ValidationError("--jobs takes a number of trials, 1 to 1024")
    }
    guard engine == nil || change.settings.isEmpty else {
      throw ValidationError("--set changes a recipe; what --engine trains has none")
    }
  }

  /// - Parameter other: what is diagnosed in place of its own: a log's recipe.
  /// - Throws: `ValidationError` where options are given that are a study's, and it is none.
  func checkStudy(_ other: String? = nil) throws {
    guard isStudy || (other.map(StudyFile.isStudy) ?? false) || (jobs == nil && launcher == nil)
    else {
      throw ValidationError("--jobs and --launcher are for a study, a file with the key 'program'")
    }
  }

  /// Whether it is the study of a program.
  var isStudy: Bool { recipe.map(StudyFile.isStudy) ?? false }

  /// The recipe's options, where there is one.
  var source: RecipeOptions? {
    guard let recipe, !isStudy else { return nil }
    var options = RecipeOptions()
    (options.recipe, options.change) = (recipe, change)
    return options
  }

  /// Whether standard input and output are the engine's.
  var isStartedByEngine: Bool { engine == "-" }

  /// The problem, and the engine that trains it, where one does.
  func problem() throws -> (problem: Problem, engine: Engine?) {
    if let source { return (try Problem(try source.read()), nil) }
    if let recipe {
      let study = try StudyFile.read(recipe, setting: change.settings)
      let engine = try Engine(
        study: study, jobs: jobs ?? 1,
        launcher: (launcher ?? "").split(separator: " ").map(String.init))
      return (try engine.problem(seed: change.seed ?? study.seed), engine)
    }
    let log: @Sendable (String) -> Void = { Terminal.error.write(raw: "  \($0)\n") }
    let engine =
      isStartedByEngine
      ? try Engine(startedBy: log) : try Engine(command: engine ?? "", log: log)
    return (try engine.problem(seed: change.seed ?? 0), engine)
  }

  /// The same choice on a command line, for what to type next.
  var line: String {
    if let source { return source.line }
    if let recipe { return ([recipe] + change.words).map(Text.quoted).joined(separator: " ") }
    let words = ["--engine", engine ?? "-"] + change.words
    return words.map(Text.quoted).joined(separator: " ")
  }
}

extension Engine {
  /// What a page says of it.
  var note: EngineNote {
    EngineNote(name: name, spread: spread, firstStep: firstStep, study: study, failure: failure)
  }
}
