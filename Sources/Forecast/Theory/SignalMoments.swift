import Foundation

/// The size of a signal in a network of wide layers, and how alike two rows of it are.
package struct SignalMoments: Hashable, Sendable {
  /// ln of the mean square of an element.
  package var logSquare: Double
  /// The mean over units, over the root mean square: −1 to 1.
  package var mean = 0.0
  /// The mean product of two different rows, over the mean square.
  package var correlation: Double

  package init(logSquare: Double, correlation: Double, mean: Double = 0) {
    self.logSquare = logSquare
    self.correlation = correlation
    self.mean = mean
  }

  /// Measures a batch [rows, width].
  package init(_ values: UnsafeBufferPointer<Float>, rows: Int) {
    let width = values.count / max(1, rows)
    var sums = [Double](repeating: 0, count: width)
    var (squares, total) = (0.0, 0.0)
    for index in 0..<rows * width {
      let value = Double(values[index])
      squares += value * value
      total += value
      sums[index % width] += value
    }
    let count = Double(rows * width)
    let pairs = sums.reduce(0) { $0 + $1 * $1 } - squares
    let products = rows > 1 ? pairs / (count * Double(rows - 1)) : 0
    logSquare = log(squares / count)
    correlation = squares > 0 ? products / (squares / count) : 0
    mean = squares > 0 ? total / count / (squares / count).squareRoot() : 0
  }
}

/// ln(eᵃ + eᵇ), whatever their size.
func logSum(_ a: Double, _ b: Double) -> Double {
  let larger = max(a, b)
  guard larger.isFinite else { return a.isNaN || b.isNaN ? .nan : larger }
  return larger + log1p(exp(min(a, b) - larger))
}
