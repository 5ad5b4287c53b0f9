import Foundation

/// How a number grew before it was lost: by a factor a step, and when that would leave float32.
///
/// **Definition** A line through log₁₀ of the values over their steps, by least squares;
/// exponential where it explains nine tenths of their variance.
public struct GrowthLaw: Hashable, Sendable {
  /// What grew: `loss`, `gradient-norm`; empty for what is none of a log's series.
  public internal(set) var quantity = ""
  /// What a step multiplies by.
  public let factor: Double
  /// Steps from the first to the last value that it was taken of.
  public let steps: Int
  /// How many values that were.
  public let count: Int
  /// R²: how much of the logarithm's variance the line explains.
  public let fit: Double
  /// The step at which it would leave float32 (3.4 × 10³⁸).
  public let overflow: Double

  /// Values that a line can be laid through.
  static let least = 3
  /// Below it what grew did not grow by a factor.
  static let exponential = 0.9

  /// Whether it grew by about the same factor in every step.
  public var isExponential: Bool { fit >= Self.exponential }

  /// - Parameter points: while it grew, in order; what is not above 0, or not finite, is left out.
  /// - Returns: nil where they are too few, or did not grow.
  init?(_ points: some Sequence<LogSeries.Point>) {
    let finite = points.filter { $0.value > 0 && $0.value.isFinite }
    guard finite.count >= Self.least, let first = finite.first, let last = finite.last,
      let line = Self.line(finite), line.slope > 0
    else { return nil }
    factor = pow(10, line.slope)
    steps = last.step - first.step
    count = finite.count
    fit = line.fit
    let largest = log10(Double(Float.greatestFiniteMagnitude))
    overflow = Double(last.step) + (largest - log10(last.value)) / line.slope
  }

  /// What a step multiplies by, above 1 or below; nil where no line can be laid.
  static func factor(_ points: [LogSeries.Point]) -> Double? {
    line(points).map { pow(10, $0.slope) }
  }

  /// The line through log₁₀ of the values, which are above 0; nil where all are of one step.
  private static func line(_ points: [LogSeries.Point]) -> (slope: Double, fit: Double)? {
    let (x, y) = (points.map { Double($0.step) }, points.map { log10($0.value) })
    let (meanX, meanY) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
    let (xx, yy, xy) = zip(x, y).reduce((0.0, 0.0, 0.0)) { sums, point in
      let (a, b) = (point.0 - meanX, point.1 - meanY)
      return (sums.0 + a * a, sums.1 + b * b, sums.2 + a * b)
    }
    guard xx > 0 else { return nil }
    return (xy / xx, yy > 0 ? xy * xy / (xx * yy) : 1)
  }
}
