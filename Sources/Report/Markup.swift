import KeelAuthoring

/// Lines of a page as HTML: its colours as classes, everything else escaped.
enum Markup {
  /// A block that keeps its columns, but for those that are empty in every line.
  static func block(_ lines: [String]) -> String {
    let lines = trimmed(lines)
    let margin = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
    let text = lines.map { line(String($0.dropFirst(margin))) }.joined(separator: "\n")
    return text.isEmpty ? "" : "<pre>\(text)</pre>\n"
  }

  /// Paragraphs, one a line; the first may be the heading of the page.
  static func paragraphs(_ lines: [String], isHeaded: Bool = false) -> String {
    trimmed(lines).enumerated().map { index, text in
      let tag = isHeaded && index == 0 ? "h1" : "p"
      return "<\(tag)>\(line(String(text.drop { $0 == " " })))</\(tag)>\n"
    }.joined()
  }

  /// One line.
  static func line(_ text: String) -> String {
    var (html, isOpen) = ("", false)
    for scalar in text.unicodeScalars.split(
      omittingEmptySubsequences: false, whereSeparator: Style.isMark
    ).enumerated() {
      html += SVG.escaped(String(scalar.element))
      guard scalar.element.endIndex < text.unicodeScalars.endIndex else { break }
      let mark = Style(rawValue: text.unicodeScalars[scalar.element.endIndex].value) ?? .none
      if isOpen { html += "</span>" }
      isOpen = mark != .none
      if isOpen { html += "<span class=\"\(mark)\">" }
    }
    return isOpen ? html + "</span>" : html
  }

  private static func trimmed(_ lines: [String]) -> [String] {
    Array(lines.drop { $0.isEmpty }.reversed().drop { $0.isEmpty }.reversed())
  }
}
