import KeelArchive
import KeelAuthoring

/// A table of runs, as HTML.
enum LiveTable {
  /// - Parameters:
  ///   - heads: of its columns, as HTML.
  ///   - numbers: those of numbers, which stand to the right.
  ///   - rows: the cells of each.
  static func html(heads: [String], numbers: [String], rows: [String]) -> String {
    let heads = heads.map { head in
      "<th scope=\"col\"\(numbers.contains(head) ? " class=\"number\"" : "")>\(head)</th>"
    }.joined()
    return """
      <div class="keel-scroll" tabindex="0" role="group" aria-label="Runs">
      <table class="runs">
      <thead><tr>\(heads)</tr></thead>
      <tbody>
      \(rows.map { "<tr>\($0)</tr>\n" }.joined())</tbody>
      </table>
      </div>

      """
  }

  /// The cell that names a run, and leads to its page.
  static func head(of run: ArchivedRun) -> String {
    let name = SVG.escaped(shown(run.name, limit: 60))
    let what = "\(run.kind.rawValue), \(shown(run.engine, limit: 30)), \(run.shortID)"
    return "<th scope=\"row\"><a href=\"\(run.link)\">\(name)</a><br>"
      + "<span class=\"dim\">\(SVG.escaped(what))</span></th>"
  }
}
