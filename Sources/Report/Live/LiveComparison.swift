import KeelArchive
import KeelAuthoring

/// Runs beside each other as a page that goes on: their losses in one picture, and where the
/// recipes of two differ.
package struct LiveComparison: LivePage {
  private let runs: [ArchivedRun]
  private let losses: [StepSeries]
  private let changes: [Change]?

  /// Runs that can be told apart in one picture.
  package static let most = Palette.lines.count
  /// Values of a series at the most.
  private static let width = 1 << 11

  /// - Throws: `KeelError` where the archive cannot be read.
  package init(_ runs: [ArchivedRun], in history: History) throws {
    self.runs = Array(runs.prefix(Self.most))
    losses = try self.runs.map { run in
      // The line that it ended on.
      guard let last = try history.series("loss", of: run.id, atMost: Self.width)?.segments.last
      else { return StepSeries([]) }
      return KeptSeries.envelope(last)
    }
    // What somebody else has made is no recipe here.
    let recipes = self.runs.count == 2 ? self.runs.compactMap { try? history.recipe(of: $0) } : []
    changes =
      recipes.count == 2
      ? recipes[1].settings(insteadOf: recipes[0])
      : self.runs.count == 2 ? self.runs[1].changes(from: self.runs[0]) : nil
  }

  package var title: String { "\(runs.count) runs – Keel" }

  package var isOpen: Bool { runs.contains { $0.ended == nil } }

  package var alarms: [String] { runs.compactMap(\.linkedAlarm) }

  package var sections: [LivePart] {
    let picture = LossComparison(
      zip(runs, losses).map { run, loss in
        LossComparison.Line("\(shown(run.name, limit: 40)), \(run.shortID)", loss)
      })
    return [
      LivePart("heading", "<h1>\(runs.count) runs</h1>\n"),
      LivePart("figures", picture?.figure ?? "<p>None of them has a loss on record.</p>\n"),
      LivePart("runs", table), LivePart("change", differences),
    ]
  }

  private var table: String {
    let rows = runs.map { run in
      let numbers = [
        run.finalLoss.map { Text.number($0) } ?? "–", run.finalScore.map { Text.number($0) } ?? "–",
        Text.count(run.steps),
      ]
      return LiveTable.head(of: run) + "<td>\(run.marked)</td>"
        + numbers.map { "<td class=\"number\">\($0)</td>" }.joined()
        + "<td>\(SVG.escaped(shown(run.cause ?? "–", limit: 60)))</td>"
    }
    return LiveTable.html(
      heads: ["run", "outcome", "loss", "score", "steps", "cause"],
      numbers: ["loss", "score", "steps"], rows: rows)
  }

  private var differences: String {
    guard let changes else { return "" }
    guard !changes.isEmpty else { return "<p>Their settings are the same.</p>\n" }
    let lines = changes.flatMap { $0.description.split(separator: "\n") }.map { line in
      let text = shown(String(line), limit: 200)
      return line.hasPrefix("-") ? Style.red(text) : Style.green(text)
    }
    return "<section>\n<h2>From the first to the second</h2>\n\(Markup.block(lines))</section>\n"
  }
}
