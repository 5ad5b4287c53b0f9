import Foundation
import KeelAuthoring
import KeelArchive

/// Two runs beside each other: where their recipes differ, how their losses went, and what they
/// came to.
package struct ComparisonPage: Page {
  private let runs: [ArchivedRun]
  private let changes: [Change]?
  private let losses: [[Float]]

  /// - Parameters:
  ///   - changes: from the first recipe to the second; nil where one is none.
  ///   - losses: of each, over its steps; empty where it has none of its own.
  package init(
    _ first: ArchivedRun, _ second: ArchivedRun, changes: [Change]?, losses: [[Float]]
  ) {
    (runs, self.changes, self.losses) = ([first, second], changes, losses)
  }

  /// The same for machines.
  package struct Body: Encodable {
    let runs: [RunBody]
    let changes: [Change]?
  }

  package var body: Body {
    Body(runs: runs.map { RunBody($0) }, changes: changes)
  }

  package var text: String {
    let out = Style.self
    func row(_ label: String, _ value: (ArchivedRun) -> String) -> String {
      "  " + Text.padded(label, 12)
        + runs.map { Text.padded(shown(value($0), limit: 30), 32) }.joined()
    }
    var lines = [
      "  " + Text.padded("", 12)
        + runs.map { out.bold(Text.padded(String($0.id.prefix(8)), 32)) }.joined(),
      row("recipe") { $0.name }, row("what") { $0.kind.rawValue }, row("outcome") { $0.standing },
      row("steps") { Text.count($0.steps) },
      row("loss") { $0.finalLoss.map { Text.number($0) } ?? "–" },
      row("score") { $0.finalScore.map { Text.number($0) } ?? "–" },
      row("exploded") { run in
        guard let step = run.explosionStep else { return run.kind == .forecast ? "–" : "no" }
        return "step \(Text.count(step))" + (run.explosionPlace.map { ", \($0)" } ?? "")
      },
      row("cause") { $0.cause ?? "–" },
      "  " + Text.padded("curve", 12)
        + losses.map { Text.padded($0.isEmpty ? "–" : Text.sparkline($0, width: 28), 32) }.joined(),
      "",
    ]
    guard let changes else {
      return (lines + ["the recipes cannot be compared: not both are one", ""]).joined(
        separator: "\n")
    }
    guard !changes.isEmpty else {
      return (lines + ["the recipes are the same", ""]).joined(separator: "\n")
    }
    lines.append(out.bold("recipe"))
    for line in changes.flatMap({ $0.description.split(separator: "\n") }) {
      let text = "  " + shown(String(line), limit: 200)
      lines.append(line.hasPrefix("-") ? out.red(text) : out.green(text))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
