import KeelBenchmarks
import KeelData

/// A table for people (Markdown) and for machines (an object for each row).
package struct Table: Encodable, Sendable {
  package let title: String
  let header: [String]
  private(set) var rows: [[String]] = []

  init(_ title: String, _ header: [String]) { (self.title, self.header) = (title, header) }

  mutating func add(_ cells: [String]) { rows.append(cells) }

  package var text: String {
    "\n## \(title)\n\n" + Text.header(header) + "\n" + rows.map(Text.row).joined(separator: "\n")
      + "\n"
  }

  static func number(_ value: Double?, _ places: Int = 2) -> String {
    guard let value, !value.isNaN else { return "–" }
    return Text.fixed(value, places)
  }
}
