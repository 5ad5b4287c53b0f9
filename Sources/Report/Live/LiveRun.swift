import KeelArchive
import KeelAuthoring
import KeelLogs

/// A run as a page that goes on: what a report of it says, as far as it has come.
package struct LiveRun: LivePage {
  private let run: ArchivedRun
  private let page: ReportPage
  /// Why it exploded, as far as another run or its numbers say.
  private let why: String

  /// Values of a series at the most: as many as a window has columns.
  private static let most = 1 << 11

  /// - Throws: `KeelError` where the archive cannot be read.
  package init(_ run: ArchivedRun, in history: History) throws {
    self.run = run
    page = try ReportPage(run, in: history, forecast: nil, atMost: Self.most)
    let children = try history.children(of: run)
    if let child = children.first(where: { $0.kind == .diagnose || $0.kind == .cure }) {
      let other = try ReportPage(child, in: history, forecast: nil, isDrawn: false)
      why =
        "<section>\n<h2>Diagnosis</h2>\n<p><a href=\"\(child.link)\">\(child.kind.rawValue) "
        + "\(child.shortID)</a>: \(SVG.escaped(child.standing))</p>\n\(other.cause)\(other.change)</section>\n"
    } else {
      why = run.cause == nil && run.explosionStep != nil ? Self.suspicion(of: run, history) : ""
    }
  }

  /// What its numbers alone say.
  private static func suspicion(of run: ArchivedRun, _ history: History) -> String {
    // What is too little to say anything says nothing.
    guard let log = try? history.log(of: run), let diagnosis = try? LogDiagnosis(log) else {
      return ""
    }
    let lines = Markup.block(LogPage(diagnosis, of: run.id).evidence)
    guard !lines.isEmpty else { return "" }
    return "<section>\n<h2>What its numbers say</h2>\n\(lines)</section>\n"
  }

  package var title: String {
    let mark = run.alarm != nil ? "✗ exploded" : run.standing
    return "\(mark) – \(shown(run.name, limit: 40))"
  }

  package var isOpen: Bool { run.ended == nil }

  package var alarms: [String] { run.alarm.map { [SVG.escaped($0)] } ?? [] }

  package var sections: [LivePart] {
    [
      LivePart("verdict", page.verdict + run.progressBar(run.found)), LivePart("cause", page.cause),
      LivePart("why", why), LivePart("figures", page.figures), LivePart("change", page.change),
      LivePart("unknown", page.unknown), LivePart("next", page.next),
      LivePart("about", page.about),
    ]
  }
}
