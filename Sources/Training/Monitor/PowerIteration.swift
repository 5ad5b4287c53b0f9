import CKernels

/// The largest eigenvalue of a symmetric operator H, a product at a time.
///
/// Largest in the sense of numbers: as soon as vᵀHv is seen to be negative the steps are taken with
/// H + ‖Hv‖ and, for good, with the largest such shift; without one the largest in magnitude would
/// win again.
package struct PowerIteration {
  /// Of norm 1; empty before it has begun.
  package private(set) var direction: [Float] = []
  private var shift = 0.0

  package init() {}

  /// From a vector that is not zero; from a zero one it does not begin.
  package mutating func begin(with vector: [Float]) { direction = Self.normalized(vector) ?? [] }

  /// - Parameter image: Hv of the direction; the next direction is made of it.
  /// - Returns: vᵀHv, which is at most the largest eigenvalue.
  package mutating func advance(image: [Float]) -> Double {
    let value = keel_dot(direction, image, image.count)
    let norm = keel_measure(image, image.count).sum_of_squares.squareRoot()
    if value < 0, norm.isFinite { shift = max(shift, norm) }
    var next = image
    keel_axpy(Float(shift), direction, &next, next.count)
    direction = Self.normalized(next) ?? direction
    return value
  }

  private static func normalized(_ vector: [Float]) -> [Float]? {
    let norm = keel_measure(vector, vector.count).sum_of_squares.squareRoot()
    guard norm > 0, norm.isFinite else { return nil }
    return vector.map { Float(Double($0) / norm) }
  }
}
