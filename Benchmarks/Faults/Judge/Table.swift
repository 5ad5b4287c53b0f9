import Foundation

/// A Markdown table.
struct Table {
  private var lines: [String]

  init(_ title: String, _ header: [String]) {
    lines = ["", "## \(title)", "", Self.row(header), Self.row(header.map { _ in "---" })]
  }

  mutating func add(_ cells: [String]) { lines.append(Self.row(cells)) }

  var text: String { lines.joined(separator: "\n") + "\n" }

  private static func row(_ cells: [String]) -> String {
    "| " + cells.map { $0.replacingOccurrences(of: "|", with: "/") }.joined(separator: " | ") + " |"
  }

  static func number(_ value: Double?, _ places: Int = 2) -> String {
    guard let value, !value.isNaN else { return "–" }
    return value.isInfinite ? (value < 0 ? "−∞" : "∞") : String(format: "%.\(places)f", value)
  }
}

extension [Double] {
  /// With linear interpolation; NaN of nothing.
  func quantile(_ share: Double) -> Double {
    guard !isEmpty else { return .nan }
    let sorted = sorted()
    let place = share * Double(count - 1)
    let low = Int(place)
    guard low + 1 < count else { return sorted[low] }
    let (a, b) = (sorted[low], sorted[low + 1])
    return a == b ? a : a + (b - a) * (place - Double(low))
  }

  var median: Double { quantile(0.5) }
  var mean: Double { isEmpty ? .nan : reduce(0, +) / Double(count) }
}
