import Foundation

/// How numbers and series look in a page.
enum Text {
  /// Columns that a page takes at most.
  static let width = 100

  /// Four significant digits: `0.01234`, `1.2e-07`, `NaN`, `∞`.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-∞" : "∞" }
    if value == value.rounded(), abs(value) < 1e5 { return String(Int(value)) }
    return String(format: "%.4g", value)
  }

  static func number(_ value: Float) -> String { number(Double(value)) }

  /// `12,345`
  static func count(_ value: Int) -> String {
    let digits = Array(String(abs(value)))
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A ratio as a percentage: `96.4 %`.
  static func percent(_ value: Double) -> String { String(format: "%.1f %%", value * 100) }

  static func seconds(_ value: Double) -> String {
    value < 0.1 ? String(format: "%.1f ms", value * 1000) : String(format: "%.1f s", value)
  }

  /// Text from a recipe or a file, with nothing in it that a terminal would obey.
  static func plain(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
  }

  static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// A series as one line of blocks on a logarithmic scale; × where it was not finite.
  static func sparkline(_ values: [Float], width: Int = 48) -> String {
    let blocks = Array("▁▂▃▄▅▆▇█")
    let cells = (0..<min(width, values.count)).map { cell -> Double? in
      let first = cell * values.count / min(width, values.count)
      let last = max(first + 1, (cell + 1) * values.count / min(width, values.count))
      let part = values[first..<last]
      guard part.allSatisfy(\.isFinite) else { return nil }
      return log10(max(Double(part.reduce(0, +)) / Double(part.count), 1e-30))
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
}
