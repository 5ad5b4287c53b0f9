import Keel

/// Lines of a page as HTML: its colours as classes, everything else escaped.
enum Markup {
  /// A block that keeps its columns.
  static func block(_ lines: [String]) -> String {
    let text = trimmed(lines).map(line).joined(separator: "\n")
    return text.isEmpty ? "" : "<pre>\(text)</pre>\n"
  }

  /// Paragraphs, one a line.
  static func paragraphs(_ lines: [String], first style: String) -> String {
    trimmed(lines).enumerated().map { index, text in
      let name = index == 0 ? style : "said"
      return "<p class=\"\(name)\">\(line(String(text.drop { $0 == " " })))</p>\n"
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
