/// A table of the numbers in a picture, of at most forty rows.
package struct PictureTable: Equatable, Sendable {
  package static let limit = 40

  package let caption: String
  package let header: [String]
  package let rows: [[String]]
  /// What is said of the rows that are not there.
  package let note: String?

  package init(caption: String, header: [String], rows: [[String]]) {
    (self.caption, self.header) = (caption, header)
    self.rows = Array(rows.prefix(Self.limit))
    let left = rows.count - self.rows.count
    note = left > 0 ? "\(Numerals.count(left)) more \(left == 1 ? "row" : "rows") not shown" : nil
  }

  /// HTML that is closed until somebody opens it.
  package var html: String {
    let head = header.map { "<th scope=\"col\">\(Self.cell($0))</th>" }.joined()
    let body = rows.map { row in
      "<tr>"
        + row.enumerated().map { index, text in
          index == 0
            ? "<th scope=\"row\">\(Self.cell(text))</th>" : "<td>\(Self.cell(text))</td>"
        }.joined() + "</tr>\n"
    }.joined()
    let rest = note.map { "<p>\(Self.cell($0))</p>" } ?? ""
    return """
      <details class="keel-table"><summary>Numbers</summary><div class="keel-scroll" tabindex="0">
      <table><caption>\(Self.cell(caption))</caption>
      <thead><tr>\(head)</tr></thead>
      <tbody>
      \(body)</tbody></table></div>\(rest)</details>
      """
  }

  private static func cell(_ text: String) -> String { SVG.escaped(SVG.cut(text, to: 120)) }
}
