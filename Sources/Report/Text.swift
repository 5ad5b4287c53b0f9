import Foundation
import KeelAuthoring

/// How numbers and series look in a page.
package enum Text {
  /// Columns that a page takes at most.
  package static let width = 100

  /// Four significant digits: `0.01234`, `1.2e-07`, `NaN`, `∞`.
  package static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-∞" : "∞" }
    if value == value.rounded(), abs(value) < 1e5 { return String(Int(value)) }
    return String(format: "%.4g", value)
  }

  package static func number(_ value: Float) -> String { number(Double(value)) }

  /// A whole number with its thousands set apart: `12,345`.
  package static func count(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A ratio as a percentage: `96.4 %`.
  package static func percent(_ value: Double) -> String { String(format: "%.1f %%", value * 100) }

  package static func seconds(_ value: Double) -> String {
    value < 0.1 ? String(format: "%.1f ms", value * 1000) : String(format: "%.1f s", value)
  }

  /// A time to wait: `40 s`, `12 min`, `3 h 5 min`, `4 days`.
  package static func duration(_ seconds: Double) -> String {
    let (seconds, minutes) = (max(1, seconds.rounded(.up)), (seconds / 60).rounded())
    switch seconds {
    case ..<90: return "\(Int(seconds)) s"
    case ..<5400: return "\(Int(minutes)) min"
    case ..<172_800: return "\(Int(minutes) / 60) h \(Int(minutes) % 60) min"
    case ..<1e9: return "\(Int(seconds / 86_400)) days"
    default: return "years"
    }
  }

  /// A line as lines that a window holds, broken between words: the rest stands below the text
  /// after a label (`cause   …`), or is indented by two more.
  ///
  /// A command goes on behind a backslash, so that it can still be pasted; what is said of it has
  /// lines of its own.
  package static func fitted(_ line: String, to width: Int) -> [String] {
    guard length(line) > width else { return [line] }
    let indent = line.prefix { $0 == " " }.count
    let text = line.dropFirst(indent)
    let isCommand = text.drop { !$0.isShown }.hasPrefix("keel ")
    guard isCommand, let gap = text.firstRange(of: "  # ") else {
      let hang = label(line) ?? indent + 2
      return broken(text, indent, min(hang, width / 2), width, isCommand ? " \\" : "")
    }
    let note = text[gap.upperBound...]
    return broken(text[..<gap.lowerBound], indent, min(indent + 2, width / 2), width, " \\")
      + broken(note, 0, 0, max(8, width - indent - 6), "").map {
        String(repeating: " ", count: indent + 4) + "# " + $0
      }
  }

  private static func broken(
    _ text: Substring, _ indent: Int, _ hang: Int, _ width: Int, _ end: String
  ) -> [String] {
    var lines: [String] = []
    var current = String(repeating: " ", count: min(indent, width / 2))
    var isEmpty = true
    for word in words(text) {
      let added = length(word.trimmingSuffix { $0 == " " })
      if !isEmpty, length(current) + added > width - end.count {
        lines.append(current.trimmingSuffix { $0 == " " } + end)
        current = String(repeating: " ", count: hang)
      }
      current += word
      isEmpty = false
    }
    return lines + [current.trimmingSuffix { $0 == " " }]
  }

  /// Where the text begins that a label at the line's start is followed by.
  private static func label(_ line: String) -> Int? {
    let visible = line.filter(\.isShown)
    guard let gap = visible.firstRange(of: "  "), gap.lowerBound > visible.startIndex else {
      return nil
    }
    let place =
      visible[..<gap.lowerBound].count
      + visible[gap.lowerBound...].prefix { $0 == " " }.count
    return place <= 12 ? place : nil
  }

  private static func length(_ text: some StringProtocol) -> Int { text.count(where: \.isShown) }

  /// Words, each with the spaces after it.
  private static func words(_ line: Substring) -> [Substring] {
    var words: [Substring] = []
    var rest = line
    while !rest.isEmpty {
      let word = rest.prefix { $0 != " " }
      let spaces = rest[word.endIndex...].prefix { $0 == " " }
      words.append(rest[..<spaces.endIndex])
      rest = rest[spaces.endIndex...]
    }
    return words
  }

  package static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  package static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// A series as one line of blocks on a logarithmic scale; × where it was not finite.
  package static func sparkline(_ values: [Float], width: Int = 48) -> String {
    let blocks = Array("▁▂▃▄▅▆▇█")
    let cells = (0..<min(width, values.count)).map { cell -> Double? in
      let first = cell * values.count / min(width, values.count)
      let last = max(first + 1, (cell + 1) * values.count / min(width, values.count))
      let part = values[first..<last]
      guard part.allSatisfy(\.isFinite) else { return nil }
      return log10(max(part.reduce(0.0) { $0 + Double($1) } / Double(part.count), 1e-30))
    }
    let finite = cells.compactMap { $0 }
    guard let low = finite.min(), let high = finite.max() else { return "×" }
    return String(
      cells.map { cell in
        guard let cell else { return "×" }
        let share = high - low < 1e-9 ? 0 : (cell - low) / (high - low)
        return blocks[min(7, Int(share * 8))]
      })
  }

  /// A word as a shell takes it, in quotes where it must be.
  package static func quoted(_ word: String) -> String {
    let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=:,+".contains($0) }
    return isPlain && !word.isEmpty
      ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}

extension StringProtocol {
  func trimmingSuffix(_ isTrimmed: (Character) -> Bool) -> String {
    var end = endIndex
    while end > startIndex, isTrimmed(self[index(before: end)]) { end = index(before: end) }
    return String(self[..<end])
  }
}
