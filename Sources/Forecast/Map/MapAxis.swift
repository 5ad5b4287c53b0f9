import Foundation
import KeelEngine

/// A setting that a map varies, and the values that it takes:
/// `optimizer.sgd.learning-rate=1e-4..10`.
public struct MapAxis: Hashable, Codable, Sendable {
  /// How values are spread between the ends.
  public enum Scale: String, Hashable, Codable, Sendable { case logarithmic, linear }

  /// Where the setting stands in the recipe.
  public let path: String
  /// How its values are spread.
  public let scale: Scale
  /// From the lower end to the upper.
  public let values: [Double]

  /// Reads `path=low..high`, which is logarithmic, or `path=low..high,linear`.
  /// - Parameter count: how many values, the ends among them.
  /// - Throws: `KeelError` where it is no such range, or an end does not fit the scale.
  public init(_ text: String, count: Int) throws {
    func wrong(_ what: String, fix: String) -> KeelError {
      KeelError(.usage, at: text, what, fix: fix)
    }
    let usual = "write PATH=LOW..HIGH, such as optimizer.sgd.learning-rate=1e-4..10"
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw wrong("has no path and range", fix: usual)
    }
    var range = text[text.index(after: equals)...]
    let suffix = range.firstIndex(of: ",").map { String(range[range.index(after: $0)...]) }
    if let comma = range.firstIndex(of: ",") { range = range[..<comma] }
    guard let scale = suffix.map(Scale.init(rawValue:)) ?? .logarithmic else {
      throw wrong(
        "'\(suffix ?? "")' is no scale", fix: "write linear or logarithmic behind the comma")
    }
    let ends = range.split(separator: "..", omittingEmptySubsequences: false).map {
      Double($0.trimmingCharacters(in: .whitespaces))
    }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low.isFinite, high.isFinite else {
      throw wrong("'\(range)' is no range of numbers", fix: usual)
    }
    guard low < high else {
      throw wrong(
        "the range \(range) is empty", fix: "write the lower end first, and another as upper")
    }
    guard scale == .linear || low > 0 else {
      throw wrong(
        "a logarithmic range begins above 0",
        fix: "begin it there, or write \(range),linear")
    }
    guard count >= 2 else {
      throw wrong("takes two values at least", fix: "give the map a size of 2x2 or more")
    }
    path = String(text[..<equals])
    self.scale = scale
    values = (0..<count).map { place in
      let share = Double(place) / Double(count - 1)
      // The ends are those that were written.
      if place == 0 || place == count - 1 { return place == 0 ? low : high }
      let value =
        scale == .linear ? low + share * (high - low) : low * pow(high / low, share)
      return Double(String(format: "%.3e", value)) ?? value
    }
  }

  /// A share of the way from the lower end to the upper.
  func value(at share: Double) -> Double {
    let (low, high) = (values[0], values[values.count - 1])
    return scale == .linear ? low + share * (high - low) : low * pow(high / low, share)
  }

  /// How far two values are apart: in decades, or in shares of the range.
  public func distance(_ a: Double, _ b: Double) -> Double {
    scale == .logarithmic ? abs(log10(a / b)) : abs(a - b) / (values[values.count - 1] - values[0])
  }
}
