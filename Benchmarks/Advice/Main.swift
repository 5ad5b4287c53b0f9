import ArgumentParser
import Foundation
import Keel
import KeelArchive
import KeelBenchmarks
import KeelCauses
import KeelFrameworks
import KeelRemedies
import KeelTraining

/// Prints what one remedy of a recipe comes to in other frameworks, in the mildest strength that heals it on
/// three seeds.
@main
struct Advice: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "advice",
    abstract:
      "The lines of one remedy for a recipe, in the mildest strength that heals on three seeds.")

  @Argument(help: "A recipe file.")
  var recipe: String

  @Option(help: "The remedy's name.")
  var remedy: String

  func run() async throws {
    let recipe = try RecipeFile.read(recipe)
    guard let kind = RemedyCatalog.standard.remedies.first(where: { $0.name == remedy }) else {
      throw ValidationError("--remedy \(remedy): there is none of that name")
    }
    let problem = try Problem(recipe)
    let run = try Run(problem)
    let before = await run.train()
    guard before.verdict != .healthy else {
      throw ValidationError("\(recipe.name): is healthy as it is")
    }
    let evidence = Evidence(problem, training: before, trace: await run.trace)
    for strength in Strengths(evidence).of(kind) {
      guard let changed = strength.applied(to: problem), await isHealthy(changed) else { continue }
      let lines = Dictionary(
        uniqueKeysWithValues: ExportTarget.allCases.map {
          ($0.rawValue, Patch($0, from: recipe, to: changed).lines)
        })
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
      return Text.show(String(decoding: try encoder.encode(lines), as: UTF8.self))
    }
    throw ValidationError(
      "\(recipe.name): \(before.verdict), and \(remedy) heals it in no strength")
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
