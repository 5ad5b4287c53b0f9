import Foundation
import KeelAuthoring
import KeelArchive
import KeelBenchmarks

/// Everything that was found, and how it is written down.
struct Report: Encodable {
  private(set) var samples: [Sample] = []
  private(set) var summaries: [Summary] = []
  private(set) var baselines: [Standing]
  private(set) var skipped: [Skipped] = []

  /// A case without a result, and why.
  struct Skipped: Encodable {
    let name: String
    let why: String
  }

  init(_ systems: [Competitor]) { baselines = systems.map(Standing.init) }

  /// Runs a case with every seed, and prints a row as soon as it is known.
  /// - Throws: `KeelError` where a recipe cannot be read or trained.
  mutating func add(_ example: Case, of suite: Suite, seeds: [UInt64]) async throws {
    var recipe = try RecipeFile.read(suite.path(of: example))
    if let code = example.error { return try refuse(example, recipe, code) }
    if let path = recipe.absentFile { return skip(example, "its data, \(path), is not there") }
    let fix = try await Fix.best(for: example, seeds: seeds)
    var own: [Sample] = []
    for seed in seeds {
      recipe.seed = seed
      let sample = try await Sample(example.name, in: suite.name, recipe)
      Text.show(Text.row(Self.row(sample, fix)))
      own.append(sample)
      for index in baselines.indices {
        let answer = try await baselines[index].system.answer(recipe, sample)
        baselines[index].add(answer, to: example, seed: seed, fix)
      }
    }
    samples += own
    summaries.append(Summary(example, own, fix, suite: suite.name))
  }

  /// A recipe that must not be trained.
  /// - Throws: `KeelError` where it is trained, or refused with another code.
  private func refuse(_ example: Case, _ recipe: Recipe, _ code: Int32) throws {
    do {
      _ = try Run(Problem(recipe))
    } catch let error as KeelError where error.kind == .invalid && code == 65 {
      return Text.show("| \(example.name) | refused, as it should be: \(error) |")
    }
    throw KeelError(
      .invalid, at: example.name, "is trained and should be refused with \(code)",
      fix: "look at how its data are checked")
  }

  mutating func skip(_ example: Case, _ why: String) {
    skipped.append(Skipped(name: example.name, why: why))
    Text.note("\(example.name): skipped, \(why)")
  }

  // MARK: tables

  static let header = [
    "case", "seed", "forecast", "verdict", "first finding", "remedies", "score", "best fix",
    "cost", "seconds",
  ]

  private static func row(_ sample: Sample, _ fix: Fix?) -> [String] {
    [
      sample.name, String(sample.seed), sample.forecast.verdict.rawValue, sample.verdict.rawValue,
      sample.finding, sample.remedies, sample.scores, fix.map { Text.score($0.median) } ?? "–",
      Text.fixed(sample.cost, 2), Text.fixed(sample.seconds, 1),
    ]
  }

  func showSummaries() {
    for suite in ["shared", "reports", "variants"] {
      let own = summaries.filter { $0.suite == suite }
      if own.isEmpty { continue }
      Text.show("\n## \(suite): \(own.count(where: \.isRight)) of \(own.count) cases right\n")
      Text.show(Text.header(Summary.header))
      for summary in own { Text.show(Text.row(summary.row)) }
    }
    for entry in skipped { Text.show("\n\(entry.name): skipped, \(entry.why)") }
  }

  func showBaselines() {
    guard !baselines.isEmpty else { return }
    Text.show("\n## Against two baselines\n")
    Text.show(Text.header(Standing.header))
    for standing in baselines { Text.show(Text.row(standing.row)) }
  }

  /// - Throws: `KeelError` where the file cannot be written.
  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    do {
      try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw KeelError(
        .unwritable, at: path, "cannot be written", fix: "name a file in a folder that is there")
    }
  }
}
