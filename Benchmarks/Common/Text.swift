import Foundation

/// How numbers and rows look in a Markdown table.
public enum Text {
  public static func fixed(_ value: Double, _ places: Int) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-∞" : "∞" }
    return String(format: "%.\(places)f", value)
  }

  public static func score(_ value: Double) -> String { fixed(value, 3) }

  public static func signed(_ value: Double) -> String { (value > 0 ? "+" : "") + fixed(value, 3) }

  public static func row(_ cells: [String]) -> String {
    "| " + cells.map { $0.replacingOccurrences(of: "|", with: "/") }.joined(separator: " | ") + " |"
  }

  public static func header(_ cells: [String]) -> String {
    row(cells) + "\n" + row(cells.map { _ in "---" })
  }

  /// Written at once, so that a pipe shows a row as soon as it is known.
  public static func show(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
  }

  /// A remark that is no part of the tables.
  public static func note(_ line: String) { FileHandle.standardError.write(Data("\(line)\n".utf8)) }
}

extension [Double] {
  /// The middle value, the mean of the middle two; NaN where there is none.
  public var median: Double { quantile(0.5) }

  /// What a share of the values lies below, between two of them in proportion; NaN where there is
  /// none.
  public func quantile(_ share: Double) -> Double {
    guard !isEmpty else { return .nan }
    let sorted = sorted()
    let place = share * Double(count - 1)
    let (low, high) = (sorted[Int(place)], sorted[Int(place.rounded(.up))])
    return low == high ? low : low + (high - low) * (place - place.rounded(.down))
  }

  public var mean: Double { isEmpty ? .nan : reduce(0, +) / Double(count) }
}
