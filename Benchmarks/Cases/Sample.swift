import Foundation
import Keel
import KeelBenchmarks

/// What Keel made of one case with one seed.
struct Sample: Encodable {
  let name: String
  let suite: String
  let seed: UInt64
  let forecast: ForecastSummary
  let history: CaseHistory
  /// Whether the recipe of the history is the one that came in.
  let isUnchanged: Bool
  /// Of the cure, the forecast not included.
  let seconds: Double

  enum CodingKeys: String, CodingKey {
    case name = "case"
    case suite = "set"
    case seed, forecast
    case history = "cure"
    case isUnchanged = "unchanged"
    case seconds
  }

  /// As much of a forecast as the tables need.
  struct ForecastSummary: Encodable {
    let verdict: Forecast.Verdict
    let step: Int?
    let cause: String?
    let evaluations: Double
  }

  init(_ example: Case, in suite: String, _ recipe: Recipe) async throws {
    (name, self.suite, seed) = (example.name, suite, recipe.seed)
    let forecast = try await recipe.forecast(naming: .standard)
    self.forecast = ForecastSummary(
      verdict: forecast.verdict, step: forecast.step, cause: forecast.findings.first?.cause,
      evaluations: forecast.cost.evaluations)
    let clock = ContinuousClock()
    let start = clock.now
    history = try await Cure(recipe).run()
    seconds = (clock.now - start) / .seconds(1)
    isUnchanged = history.recipe == recipe && history.remedies.isEmpty
  }

  var verdict: Verdict { history.before.verdict }
  var cause: String? { history.findings.first?.cause }
  var isCured: Bool { history.outcome == .cured }
  var cost: Double { history.cost.relativeToOneTraining }
  /// The score that one is left with: -∞ where an explosion was not cured.
  var score: Double { (history.after ?? history.before).score }
  /// Steps that count as one training.
  var fullSteps: Double { Double(history.cost.steps) / cost }

  // MARK: its row

  static let header = [
    "case", "seed", "forecast", "verdict", "first finding", "remedies", "score", "best fix",
    "cost", "seconds",
  ]

  func row(_ fix: Fix?) -> [String] {
    let finding = history.findings.first.map { "\($0.cause) (\($0.kind.rawValue))" }
    let end = history.after.map { " → \(Text.score($0.score))" } ?? ""
    let remedies =
      isCured ? history.remedies.map(\.short).joined(separator: " + ") : history.outcome.rawValue
    return [
      name, String(seed), forecast.verdict.rawValue, verdict.rawValue, finding ?? "–", remedies,
      Text.score(history.before.score) + end, fix.map { Text.score($0.median) } ?? "–",
      Text.fixed(cost, 2), Text.fixed(seconds, 1),
    ]
  }
}

extension CaseHistory.Treatment {
  /// The remedy and its values: `lower-learning-rate (learning-rate 0.03)`.
  var short: String {
    var values: [String] = []
    for change in changes where !values.contains(change.short) { values.append(change.short) }
    let more = values.count > 3 ? ", …" : ""
    return "\(remedy) (\(values.prefix(3).joined(separator: ", "))\(more))"
  }
}

extension Change {
  fileprivate var short: String {
    guard let to else { return "−\(from?.short ?? path)" }
    guard case .scalar(let text, _) = to.node else { return to.short }
    let key = path.split(separator: ".").last.map(String.init) ?? path
    return key.contains("[") ? text : "\(key) \(text)"
  }
}

extension Settings {
  /// An ingredient's name and first setting: `adam 0.001`.
  fileprivate var short: String {
    switch node {
    case .scalar(let text, _): return text
    case .list(let items): return items.first?.short ?? "[]"
    case .map(let entries):
      guard let first = entries.first else { return "{}" }
      guard case .map(let inner) = first.value.node else {
        return "\(first.key) \(first.value.short)"
      }
      return inner.first.map { "\(first.key) \($0.value.short)" } ?? first.key
    }
  }
}
