import Foundation

/// How unequal the weights of a softmax over independent normal scores are.
///
/// **Definition** E Σ pᵏ over n scores of deviation σ: with w = t·eˢ, a = E e^(−w) and
/// 1/Aᵏ = ∫ tᵏ⁻¹ e^(−tA) dt/(k − 1)! it is n/(k − 1)! ∫ E[wᵏ e^(−w)] aⁿ⁻¹ d ln t, and
/// E (Σ p²)² = E Σ p⁴ + n(n − 1)/6 ∫ E[w² e^(−w)]² aⁿ⁻² d ln t. Equal scores make Σ p² 1/n, one
/// that stands out 1.
package struct SoftmaxMoments {
  /// At one t.
  private struct Point {
    var survival = 0.0
    var square = 0.0
    var cube = 0.0
    var fourth = 0.0
  }
  private let points: [Point]
  private static let step = 0.125
  /// Beyond this deviation one score stands out of a few hundred whatever it is.
  private static let largestDeviation = 6.0

  /// - Parameters:
  ///   - variance: σ².
  ///   - largest: the largest n that will be asked for.
  package init(variance: Double, largest: Int) {
    // A variance that theory could not tell (NaN) counts as none.
    let deviation = variance > 0 ? min(variance.squareRoot(), Self.largestDeviation) : 0
    let nodes = (-120...120).map { Double($0) / 20 }
    let weights = nodes.map { exp(-$0 * $0 / 2) }
    let total = weights.reduce(0, +)
    let low = -6 * deviation - log(Double(largest)) - 6
    let count = Int((6 * deviation + 4 - low) / Self.step)
    points = (0..<count).map { index in
      let logarithm = low + Double(index) * Self.step
      var point = Point()
      for (node, weight) in zip(nodes, weights) {
        let w = exp(logarithm + deviation * node)
        let survival = weight / total * exp(-w)
        point.survival += survival
        point.square += survival * w * w
        point.cube += survival * w * w * w
        point.fourth += survival * w * w * w * w
      }
      return point
    }
  }

  /// E Σ p², and E Σ over keys of what a gradient that favours no key keeps of itself behind the
  /// softmax: Σ p² − 2 Σ p³ + (Σ p²)².
  package func sums(over keys: Int) -> (square: Double, slope: Double) {
    let n = Double(keys)
    var (square, cube, squared) = (0.0, 0.0, 0.0)
    for point in points {
      let rest = pow(point.survival, n - 1) * n * Self.step
      square += point.square * rest
      cube += point.cube / 2 * rest
      squared += point.fourth / 6 * rest
      guard keys > 1 else { continue }
      let pairs = pow(point.survival, n - 2) * n * (n - 1) * Self.step
      squared += point.square * point.square / 6 * pairs
    }
    return (square, max(0, square - 2 * cube + squared))
  }
}
