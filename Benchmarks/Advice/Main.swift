import ArgumentParser
import Foundation
import KeelAuthoring
import KeelArchive
import KeelBenchmarks
import KeelCauses
import KeelFrameworks
import KeelRemedies
import KeelTraining

/// Prints what remedies of a recipe come to in other frameworks, in the mildest strength that heals
/// it on three seeds.
@main
struct Advice: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "advice",
    abstract:
      "The lines of remedies for a recipe, in the mildest strength that heals on three seeds.")

  @Argument(help: "A recipe file.")
  var recipe: String

  @Option(help: "The remedy's name, or several in order, separated by commas.")
  var remedy: String

  func run() async throws {
    let recipe = try RecipeFile.read(recipe)
    let kinds = try remedy.split(separator: ",").map { name in
      guard let kind = RemedyCatalog.standard.remedies.first(where: { $0.name == name }) else {
        throw ValidationError("--remedy \(name): there is none of that name")
      }
      return kind
    }
    let problem = try Problem(recipe)
    let run = try Run(problem)
    let before = await run.train()
    guard before.verdict != .healthy else {
      throw ValidationError("\(recipe.name): is healthy as it is")
    }
    let strengths = Strengths(Evidence(problem, training: before, trace: await run.trace))
    for stages in chains(of: kinds[...], on: problem, strengths) {
      guard let last = stages.last, await isHealthy(last) else { continue }
      let lines = Dictionary(
        uniqueKeysWithValues: ExportTarget.allCases.map { target in
          (
            target.rawValue,
            zip(stages, stages.dropFirst()).flatMap { Patch(target, from: $0, to: $1).lines }
          )
        })
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
      return Text.show(String(decoding: try encoder.encode(lines), as: UTF8.self))
    }
    throw ValidationError(
      "\(recipe.name): \(before.verdict), and \(remedy) heals it in no strength")
  }

  /// The recipe as it is and after each remedy, for every strength of each, the mildest first.
  private func chains(
    of kinds: ArraySlice<any Remedy.Type>, on problem: Problem, _ strengths: Strengths
  ) -> [[Recipe]] {
    guard let kind = kinds.first else { return [[problem.recipe]] }
    return strengths.of(kind, for: problem.recipe).compactMap { $0.applied(to: problem) }
      .flatMap { changed in
        chains(of: kinds.dropFirst(), on: problem.with(changed), strengths)
          .map { [problem.recipe] + $0 }
      }
  }

  /// Whether it is with three seeds: elsewhere other weights are drawn.
  private func isHealthy(_ recipe: Recipe) async -> Bool {
    for offset in 0..<3 {
      var recipe = recipe
      recipe.seed += UInt64(offset)
      guard let training = try? await Run(Problem(recipe)).train(), training.verdict == .healthy,
        training.score >= 0.05
      else { return false }
    }
    return true
  }
}
