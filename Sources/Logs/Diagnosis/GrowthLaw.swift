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
      last.step > first.step
    else { return nil }
    let (x, y) = (finite.map { Double($0.step) }, finite.map { log10($0.value) })
    let (meanX, meanY) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
    let (xx, yy, xy) = zip(x, y).reduce((0.0, 0.0, 0.0)) { sums, point in
      let (a, b) = (point.0 - meanX, point.1 - meanY)
      return (sums.0 + a * a, sums.1 + b * b, sums.2 + a * b)
    }
    let slope = xy / xx
    guard slope > 0, yy > 0 else { return nil }
    factor = pow(10, slope)
    steps = last.step - first.step
    count = finite.count
    fit = xy * xy / (xx * yy)
    let largest = log10(Double(Float.greatestFiniteMagnitude))
    overflow = Double(last.step) + (largest - y[y.count - 1]) / slope
  }
}
