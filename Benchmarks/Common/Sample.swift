import Foundation
import KeelAuthoring

/// What Keel made of one recipe that may explode, with one seed.
package struct Sample: Encodable {
  package let name: String
  package let suite: String
  package let seed: UInt64
  package let forecast: ForecastSummary
  package let history: CaseHistory
  /// Why it explodes, or learns nothing.
  package let findings: [Finding]
  /// Whether the recipe of the history is the one that came in.
  package let isUnchanged: Bool
  /// Of the cure, the forecast not included.
  package let seconds: Double

  enum CodingKeys: String, CodingKey {
    case name = "case"
    case suite = "set"
    case seed, forecast, findings
    case history = "cure"
    case isUnchanged = "unchanged"
    case seconds
  }

  /// As much of a forecast as the tables need.
  package struct ForecastSummary: Encodable {
    package let verdict: Forecast.Verdict
    package let step: Int?
    package let cause: String?
    package let evaluations: Double
  }

  package init(_ name: String, in suite: String, _ recipe: Recipe) async throws {
    (self.name, self.suite, seed) = (name, suite, recipe.seed)
    let problem = try Problem(recipe)
    let forecast = try await problem.forecast()
    self.forecast = ForecastSummary(
      verdict: forecast.verdict, step: forecast.step, cause: forecast.findings.first?.cause,
      evaluations: forecast.cost.evaluations)
    let clock = ContinuousClock()
    let start = clock.now
    history = try await problem.cure()
    seconds = (clock.now - start) / .seconds(1)
    findings = history.findings
    isUnchanged = history.recipe == recipe && history.remedies.isEmpty
  }

  package var verdict: Verdict { history.before.verdict }
  package var cause: String? { findings.first?.cause }
  package var isCured: Bool { history.outcome == .cured }
  package var cost: Double { history.cost.relativeToOneTraining }
  /// The score that one is left with: -∞ where an explosion was not cured.
  package var score: Double { (history.after ?? history.before).score }
  /// Steps that count as one training.
  package var fullSteps: Double { Double(history.cost.steps) / cost }

  // MARK: cells of its row

  package var finding: String {
    findings.first.map { "\($0.cause) (\($0.kind.rawValue))" } ?? "–"
  }

  /// What the cure changed; where it changed nothing, its outcome.
  package var remedies: String {
    isCured ? history.remedies.map(\.short).joined(separator: " + ") : history.outcome.rawValue
  }

  /// Before → after.
  package var scores: String {
    let end = history.after.map { " → \(Text.score($0.score))" } ?? ""
    return Text.score(history.before.score) + end
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
