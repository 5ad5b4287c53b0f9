import Foundation

/// How numbers and rows look in a Markdown table.
package enum Text {
  package static func fixed(_ value: Double, _ places: Int) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-∞" : "∞" }
    return String(format: "%.\(places)f", value)
  }

  package static func score(_ value: Double) -> String { fixed(value, 3) }

  package static func signed(_ value: Double) -> String { (value > 0 ? "+" : "") + fixed(value, 3) }

  package static func row(_ cells: [String]) -> String {
    "| " + cells.map { $0.replacingOccurrences(of: "|", with: "/") }.joined(separator: " | ") + " |"
  }

  package static func header(_ cells: [String]) -> String {
    row(cells) + "\n" + row(cells.map { _ in "---" })
  }

  /// Written at once, so that a pipe shows a row as soon as it is known.
  package static func show(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
  }

  /// A remark that is no part of the tables.
  package static func note(_ line: String) {
    FileHandle.standardError.write(Data("\(line)\n".utf8))
  }
}

extension [Double] {
  /// The middle value, the mean of the middle two; NaN where there is none.
  package var median: Double {
    guard !isEmpty else { return .nan }
    let sorted = sorted()
    let (low, high) = (sorted[(count - 1) / 2], sorted[count / 2])
    return low == high ? low : (low + high) / 2
  }
}
