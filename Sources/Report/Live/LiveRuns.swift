import Foundation
import KeelArchive
import KeelAuthoring

/// The runs of an archive as a page that goes on: those that train now first, each with its curve.
package struct LiveRuns: LivePage {
  private let runs: [ArchivedRun]
  private let more: Int
  private let curves: [String: [Float]]
  private let now: Date
  private let name: String

  /// Runs that are shown at the most, and values of a curve.
  private static let (most, width) = (200, 64)
  /// For how long an explosion is news, in seconds.
  private static let news = 3600.0

  /// Of an archive that is not there.
  package init(nothingAt path: String) {
    (runs, more, curves, now, name) = ([], 0, [:], Date(), "\(path) is not there yet")
  }

  /// - Throws: `KeelError` where the archive cannot be read.
  package init(_ history: History, now: Date = Date()) throws {
    let all = try history.runs()
    let (running, ended) = (all.filter(\.isRunning), all.filter { !$0.isRunning })
    runs = running + ended.prefix(max(0, Self.most - running.count))
    (more, self.now, name) = (all.count - runs.count, now, history.path)
    curves = try runs.reduce(into: [:]) { curves, run in
      guard run.steps > 0 else { return }
      curves[run.id] = try history.series("loss", of: run.id, atMost: Self.width)?.path
    }
  }

  package var title: String {
    let news = news
    guard let first = news.first else {
      let count = runs.count(where: \.isRunning)
      return count > 0 ? "\(count) running – Keel" : "Keel"
    }
    return news.count == 1
      ? "✗ \(shown(first.name, limit: 40)) exploded" : "✗ \(news.count) exploded"
  }

  package var alarms: [String] {
    let lines = news.prefix(5).compactMap { run in
      run.alarm.map { "<a href=\"\(run.link)\">\(SVG.escaped($0))</a>\(Self.stage(run))" }
    }
    return lines + (news.count > 5 ? ["and \(news.count - 5) more"] : [])
  }

  /// Those that have exploded, and when that is news.
  private var news: [ArchivedRun] {
    runs.filter { $0.alarm != nil && now.timeIntervalSince1970 - $0.seen < Self.news }
  }

  private static func stage(_ run: ArchivedRun) -> String {
    if let cause = run.cause { return SVG.escaped(": \(shown(cause, limit: 60))") }
    return run.isRunning ? ": finding out why" : ""
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
    """
    <form action="/compare" method="get">
    <div class="keel-scroll" tabindex="0" role="group" aria-label="Runs">
    <table class="runs">
    <thead><tr><th scope="col"><span class="unseen">compare</span></th><th scope="col">run</th>\
    <th scope="col">outcome</th><th scope="col">loss</th><th scope="col" class="number">now</th>\
    <th scope="col" class="number">steps</th><th scope="col">began</th></tr></thead>
    <tbody>
    \(runs.map(row).joined())</tbody>
    </table>
    </div>
    <p><button type="submit">Compare</button> <span class="dim">up to seven that are marked\
    \(more > 0 ? "; \(Text.count(more)) older ones: keel runs list" : "")</span></p>
    </form>

    """
  }

  private func row(_ run: ArchivedRun) -> String {
    let name = SVG.escaped(shown(run.name, limit: 60))
    let what =
      "\(run.kind.rawValue), \(shown(run.engine, limit: 30)), \(run.id.prefix(8))"
    let note = run.change.map { "→ \(shown($0, limit: 80))" } ?? run.cause
    let progress = run.total.flatMap { total in
      run.isRunning && total > 0
        ? "<progress max=\"\(total)\" value=\"\(min(run.steps, total))\" "
          + "aria-label=\"\(name): steps\"></progress>" : nil
    }
    return """
      <tr><td><input type="checkbox" name="run" value="\(run.id)" aria-label="compare \(name)"></td>\
      <th scope="row"><a href="\(run.link)">\(name)</a><br><span class="dim">\(SVG.escaped(what))\
      </span></th><td>\(Self.marked(run))\(note.map { "<br><span class=\"dim\">\(SVG.escaped(shown($0, limit: 90)))</span>" } ?? "")</td>\
      <td>\(curves[run.id].flatMap { Sparkline($0)?.svg } ?? "")</td>\
      <td class="number">\(run.finalLoss.map { Text.number($0) } ?? "–")</td>\
      <td class="number">\(run.steps > 0 ? Text.count(run.steps) : "–")\(progress.map { "<br>\($0)" } ?? "")</td>\
      <td class="dim">\(RunsPage.age(run.began, now))</td></tr>

      """
  }

  /// How it stands, with a mark that needs no colour.
  static func marked(_ run: ArchivedRun) -> String {
    if let step = run.explosionStep, run.outcome != "cured" {
      let word = run.isRunning ? "exploded" : run.standing
      return "<span class=\"red\">✗ \(SVG.escaped(word))</span> at step \(Text.count(step))"
    }
    let word = run.standing
    let (style, mark) =
      switch word {
      case "healthy", "trained", "cured", "stable": ("green", "✓")
      case "exploded", "exploding", "incurable", "failed": ("red", "✗")
      case "running": ("bold", "▸")
      default: ("yellow", "!")
      }
    return "<span class=\"\(style)\">\(mark) \(SVG.escaped(word))</span>"
  }
}
