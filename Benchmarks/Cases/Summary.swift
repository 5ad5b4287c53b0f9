import KeelAuthoring
import KeelBenchmarks

/// All seeds of a case, held against what its index allows.
struct Summary: Encodable {
  let name: String
  let suite: String
  let samples: Int
  /// Verdicts that the index allows.
  let verdicts: Int
  /// Forecasts that do not contradict the index: `exploding` where nothing else is right, anything
  /// but `exploding` where that is wrong.
  let forecasts: Int
  /// First findings that the index allows, of the samples that were sick.
  let findings: Int
  let sick: Int
  let cured: Int
  /// Samples that the cure left as they were.
  let unchanged: Int
  let score: Double
  let bestFix: Fix?
  let cost: Double
  let mustExplode: Bool
  let mustBeCured: Bool

  enum CodingKeys: String, CodingKey {
    case name = "case"
    case suite = "set"
    case samples, verdicts, forecasts, findings, sick, cured, unchanged, score, bestFix, cost
    case mustExplode, mustBeCured
  }

  init(_ example: Case, _ samples: [Sample], _ fix: Fix?, suite: String) {
    (name, self.suite, self.samples) = (example.name, suite, samples.count)
    mustExplode = example.mustExplode
    mustBeCured = example.outcome == .cured
    let sick = samples.filter { $0.verdict != .healthy }
    verdicts = samples.count { example.verdicts.contains($0.verdict) }
    forecasts = samples.count { sample in
      sample.forecast.verdict == .exploding
        ? example.verdicts.contains(.exploding) : !example.mustExplode
    }
    findings = sick.count { example.allows($0.findings.first) }
    self.sick = sick.count
    cured = sick.count(where: \.isCured)
    unchanged = samples.count(where: \.isUnchanged)
    score = samples.map(\.score).median
    cost = samples.map(\.cost).median
    bestFix = fix
  }

  /// Nil where there is no fix to be held against.
  var isAsGoodAsTheBestFix: Bool? { bestFix.map { score >= $0.median - 0.02 } }

  /// Whether the case shows what it should.
  var isRight: Bool {
    let isNamed = verdicts == samples && forecasts == samples && findings == sick
    let isHandled = mustExplode || mustBeCured ? cured == samples : unchanged + cured == samples
    return isNamed && isHandled && isAsGoodAsTheBestFix != false
  }

  // MARK: its row

  static let header = [
    "case", "verdict", "forecast", "first finding", "cured", "unchanged", "score (median)",
    "best fix", "≥ best fix − 0.02", "cost (median)", "right",
  ]

  var row: [String] {
    func share(_ count: Int, _ whole: Int) -> String { whole == 0 ? "–" : "\(count)/\(whole)" }
    return [
      name, share(verdicts, samples), share(forecasts, samples), share(findings, sick),
      share(cured, sick), mustExplode ? "–" : share(unchanged, samples), Text.score(score),
      bestFix.map { "\(Text.score($0.median)) (\($0.name))" } ?? "–",
      isAsGoodAsTheBestFix.map { $0 ? "yes" : "no" } ?? "–", Text.fixed(cost, 2),
      isRight ? "yes" : "**no**",
    ]
  }
}
