import Foundation
import KeelAuthoring
import KeelArchive
import KeelBenchmarks

/// A fix that was reported for a case, trained to the end on every seed.
///
/// Fixes are recipes of their own, `Tests/Remedies/Fixes/<case>-<fix>.yaml`: the case's recipe with
/// nothing changed but what the report says.
struct Fix: Encodable {
  let name: String
  /// In the order of the seeds.
  let scores: [Double]

  var median: Double { scores.median }

  /// The fix with the highest median score; nil where none can be written as a recipe.
  static func best(for example: Case, seeds: [UInt64]) async throws -> Fix? {
    let files = try FileManager.default.contentsOfDirectory(atPath: Suite.fixes.path)
      .filter { $0.hasPrefix("\(example.name)-") && $0.hasSuffix(".yaml") }.sorted()
    var fixes: [Fix] = []
    for file in files {
      var recipe = try RecipeFile.read(Suite.fixes.appendingPathComponent(file).path)
      var scores: [Double] = []
      for seed in seeds {
        recipe.seed = seed
        scores.append(try await Run(Problem(recipe)).train().score)
      }
      fixes.append(Fix(name: String(recipe.name.dropFirst(example.name.count + 1)), scores: scores))
    }
    return fixes.max { $0.median < $1.median }
  }
}
