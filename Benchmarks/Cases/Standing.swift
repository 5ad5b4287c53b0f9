import KeelAuthoring
import KeelBenchmarks

/// The answers of one system to all cases.
struct Standing: Encodable {
  let system: Competitor
  private(set) var entries: [Entry] = []

  struct Entry: Encodable {
    let name: String
    let seed: UInt64
    let mustExplode: Bool
    let isHealthy: Bool
    let isCauseRight: Bool
    let bestFix: Double?
    let answer: Answer
  }

  init(_ system: Competitor) { self.system = system }

  mutating func add(_ answer: Answer, to example: Case, seed: UInt64, _ fix: Fix?) {
    entries.append(
      Entry(
        name: example.name, seed: seed, mustExplode: example.mustExplode,
        isHealthy: example.isHealthy,
        isCauseRight: answer.cause.map(example.causes.contains) ?? false, bestFix: fix?.median,
        answer: answer))
  }

  // MARK: its row

  static let header = [
    "system", "detected", "false alarms", "cause named", "cured", "median score − best fix",
    "mean cost",
  ]

  var row: [String] {
    let exploding = entries.filter(\.mustExplode)
    let healthy = entries.filter(\.isHealthy)
    let gap = scoreGap
    return [
      system.rawValue,
      share(exploding, { $0.answer.saysExploding }), share(healthy, { $0.answer.saysExploding }),
      exploding.isEmpty ? "–" : "\(exploding.count(where: \.isCauseRight))/\(exploding.count)",
      share(exploding, { $0.answer.isCured }), gap.map { Text.signed($0) } ?? "–",
      exploding.isEmpty
        ? "–"
        : Text.fixed(exploding.map(\.answer.cost).reduce(0, +) / Double(exploding.count), 3),
    ]
  }

  /// How many of those asked said yes; a dash where the system does not speak of it.
  private func share(_ entries: [Entry], _ answer: (Entry) -> Bool?) -> String {
    let answers = entries.compactMap(answer)
    return answers.isEmpty ? "–" : "\(answers.count { $0 })/\(answers.count)"
  }

  /// The median over cases of the median score over seeds less the best fix's.
  private var scoreGap: Double? {
    let cases = Dictionary(
      grouping: entries.filter { $0.mustExplode && $0.bestFix != nil }, by: \.name)
    let gaps = cases.values.compactMap { seeds -> Double? in
      let scores = seeds.compactMap(\.answer.score)
      return scores.isEmpty ? nil : seeds[0].bestFix.map { scores.median - $0 }
    }
    return gaps.isEmpty ? nil : gaps.median
  }
}
