import Foundation
import KeelArchive
import KeelAuthoring

/// The runs of an archive as a page that goes on: those that train now first, each with its curve.
package struct LiveRuns: LivePage {
  private let runs: [ArchivedRun]
  private let more: Int
  private let curves: [String: Curve]
  private let now: Date
  private let name: String

  /// A curve as it stood when the run was last heard of.
  private struct Curve {
    let seen: Double
    let svg: String
  }

  /// Runs that are shown at the most, and values of a curve.
  private static let (most, width) = (200, 64)
  /// For how long an explosion is told above the page, in seconds.
  private static let recent = 3600.0

  /// Of an archive that is not there.
  package init(nothingAt path: String) {
    (runs, more, curves, now, name) = ([], 0, [:], Date(), "\(path) is not there yet")
  }

  /// - Parameter before: the same page as it was drawn last.
  /// - Throws: `KeelError` where the archive cannot be read.
  package init(_ history: History, after before: LiveRuns? = nil, now: Date = Date()) throws {
    let (newest, count) = try history.newestRuns(Self.most)
    (runs, more, self.now, name) = (newest, count - newest.count, now, history.path)
    curves = newest.reduce(into: [:]) { curves, run in
      guard run.steps > 0 else { return }
      if let known = before?.curves[run.id], known.seen == run.seen {
        curves[run.id] = known
      } else {
        // One whose numbers are damaged has no curve; its own page says why.
        let path = try? history.series("loss", of: run.id, atMost: Self.width)?.path
        curves[run.id] = Curve(seen: run.seen, svg: path.flatMap { Sparkline($0)?.svg } ?? "")
      }
    }
  }

  package var isOpen: Bool { true }

  package var title: String {
    let lost = lost
    guard let first = lost.first else {
      let count = runs.count(where: \.isRunning)
      return count > 0 ? "\(count) running – Keel" : "Keel"
    }
    return lost.count == 1
      ? "✗ \(shown(first.name, limit: 40)) exploded" : "✗ \(lost.count) exploded"
  }

  package var alarms: [String] {
    let lost = lost
    let lines = lost.prefix(5).compactMap { run in
      run.linkedAlarm.map { $0 + SVG.escaped(explanation(of: run)) }
    }
    return lines + (lost.count > 5 ? ["and \(lost.count - 5) more"] : [])
  }

  /// Those that have exploded of late: of each recipe the newest, and none that was cured since.
  private var lost: [ArchivedRun] {
    var shown: [ArchivedRun] = []
    for run in runs where now.timeIntervalSince1970 - run.seen < Self.recent {
      guard run.alarm != nil || run.outcome == "cured",
        !shown.contains(where: { $0.isSame(as: run) })
      else { continue }
      shown.append(run)
    }
    return shown.filter { $0.alarm != nil }
  }

  /// Why, as far as it or a run about it has found out.
  private func explanation(of run: ArchivedRun) -> String {
    let about = runs.first { $0.parent == run.id }
    if let cause = run.cause ?? about?.cause { return ": \(shown(cause, limit: 60))" }
    return run.isRunning && !run.isWatched || about?.isRunning == true ? ": finding out why" : ""
  }

  package var sections: [LivePart] {
    [
      LivePart("heading", "<h1>Runs</h1>\n<p class=\"dim\">\(SVG.escaped(name))</p>\n"),
      LivePart("runs", runs.isEmpty ? Self.nothing : table),
    ]
  }

  private static let nothing = """
    <p>No run is on record yet. One appears here as soon as it begins:</p>
    <pre>keel train RECIPE.yaml
    with keel.watch(model, optimizer):   # in PyTorch, in this folder</pre>

    """

  private var table: String {
    let older = more > 0 ? "; \(Text.count(more)) older ones: keel runs list" : ""
    return """
      <form action="/compare" method="get">
      \(LiveTable.html(
        heads: ["<span class=\"unseen\">compare</span>", "run", "outcome", "loss", "now", "steps", "began"],
        numbers: ["now", "steps"], rows: runs.map(row)))<p><button type="submit">Compare</button> \
      <span class="dim">up to \(LiveComparison.most) that are marked\(older)</span></p>
      </form>

      """
  }

  private func row(_ run: ArchivedRun) -> String {
    let name = SVG.escaped(shown(run.name, limit: 60))
    let note = run.change.map { "→ \(shown($0, limit: 80))" } ?? run.cause
    let cells = [
      run.marked + (note.map { Self.dim(shown($0, limit: 90)) } ?? ""),
      curves[run.id]?.svg ?? "",
    ]
    let numbers = [
      run.finalLoss.map { Text.number($0) } ?? "–",
      (run.steps > 0 ? Text.count(run.steps) : "–")
        + (run.isRunning ? "<br>\(run.progressBar(nil))" : ""),
    ]
    return """
      <td><input type="checkbox" name="run" value="\(run.digits)" aria-label="compare \(name)"></td>\
      \(LiveTable.head(of: run))\(cells.map { "<td>\($0)</td>" }.joined())\
      \(numbers.map { "<td class=\"number\">\($0)</td>" }.joined())\
      <td class="dim">\(RunsPage.age(run.began, now))</td>
      """
  }

  private static func dim(_ text: String) -> String {
    "<br><span class=\"dim\">\(SVG.escaped(text))</span>"
  }
}
