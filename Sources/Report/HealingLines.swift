import KeelAuthoring

/// What a run that exploded did to go on: each recovery, the recipe's changes as a diff, and the
/// command that begins with them.
struct HealingLines {
  private let recoveries: [Training.Recovery]
  private let isLost: Bool
  private let isHealthy: Bool
  private let recipe: Recipe
  private let inEffect: Recipe
  private let line: String
  private var out: Style.Type { Style.self }

  init(_ training: Training, _ recipe: Recipe, _ inEffect: Recipe, _ line: String) {
    (recoveries, isLost) = (training.recoveries, training.outcome == .exploded)
    isHealthy = training.verdict == .healthy
    (self.recipe, self.inEffect, self.line) = (recipe, inEffect, line)
  }

  var lines: [String] {
    guard !recoveries.isEmpty else { return [] }
    let count = recoveries.count == 1 ? "1 recovery" : "\(recoveries.count) recoveries"
    let head = out.bold(isLost ? "went on before" : isHealthy ? "healed" : "went on") + "  \(count)"
    return ["", head] + recoveries.flatMap(told) + (isLost ? [] : avoided)
  }

  private func told(_ recovery: Training.Recovery) -> [String] {
    let explosion = recovery.explosion
    let what = explosion.kind == .divergence ? "the loss left" : "\(explosion.place) not finite"
    let (from, to) = (Text.count(recovery.step), Text.count(recovery.rewoundTo))
    let diff = recovery.changes.map(\.description).joined(separator: "\n").split(separator: "\n")
    return ["  step \(from): \(what); back to step \(to), \(Self.way(recovery))"]
      + diff.map { line in
        "    " + (line.hasPrefix("-") ? out.red(String(line)) : out.green(String(line)))
      }
  }

  private static func way(_ recovery: Training.Recovery) -> String {
    func numbers(_ values: [Int]) -> String {
      values.prefix(6).map(String.init).joined(separator: ", ") + (values.count > 6 ? ", …" : "")
    }
    switch recovery.remedy {
    case "rewind": return "and it did not come again"
    case "skip-batch": return "without the batch of step \(numbers(recovery.skipped))"
    case "leave-out-rows":
      let s = recovery.rows.count == 1 ? "" : "s"
      return "without row\(s) \(numbers(recovery.rows))"
    default: return "with \(recovery.remedy)"
    }
  }

  /// The same from the start.
  private var avoided: [String] {
    guard let settings = Self.settings(from: recipe, to: inEffect) else { return [] }
    return ["  the same from the start:", "  keel train \(line) \(settings)"]
  }

  /// `--set` for each part of the recipe that changed; nil where none did.
  static func settings(from recipe: Recipe, to other: Recipe) -> String? {
    var paths: [(String, Settings)] = []
    for change in other.diff(from: recipe) {
      if change.from != nil, let value = change.to {
        paths.append((change.path, value))
        continue
      }
      // What is put into a list has no place to be set at: the whole list is.
      let key = String(change.path.prefix { $0 != "." && $0 != "[" })
      if let value = other.written[key], !paths.contains(where: { $0.0 == key }) {
        paths.append((key, value))
      }
    }
    let words = paths.map { "--set \(Text.quoted("\($0.0)=\($0.1.brief().line)"))" }
    return words.isEmpty ? nil : words.joined(separator: " ")
  }
}
