import CKernels
import Foundation

/// The largest eigenvalue of a symmetric operator, by Lanczos with full reorthogonalisation.
///
/// Largest in the sense of numbers, not of magnitudes: plain power iteration would find a negative
/// one. What it gives back is at most the true one.
///
/// **References** Golub and Van Loan, *Matrix computations*, §10.1 and §10.3.
package struct Lanczos {
  package let value: Double
  /// Of norm 1.
  package let vector: [Float]
  /// ‖Hv − λv‖, by the recurrence.
  package let residual: Double
  /// Products with the operator.
  private let steps: Int

  /// - Parameters:
  ///   - steps: products with the operator, at most.
  ///   - kept: vectors in memory, at most; where more are needed it begins anew from the best.
  ///   - tolerance: stops where the residual is below this share of the value.
  ///   - apply: writes Hv over its second argument; false where it could not.
  /// - Returns: nil where the operator could not be applied, or the start is zero.
  package init?(
    start: [Float], steps: Int, kept: Int = .max, tolerance: Double = 1e-2,
    apply: ([Float], inout [Float]) -> Bool
  ) {
    guard var best = Lanczos(start, min(steps, kept), tolerance, apply) else { return nil }
    var left = steps - best.steps
    while left > 0, best.residual > tolerance * abs(best.value) {
      guard let next = Lanczos(best.vector, min(left, kept), tolerance, apply) else { return nil }
      left -= next.steps
      best = next
    }
    self = best
  }

  /// As many steps, all of whose vectors are kept.
  private init?(
    _ start: [Float], _ steps: Int, _ tolerance: Double, _ apply: ([Float], inout [Float]) -> Bool
  ) {
    guard var current = Self.normalized(start)?.vector else { return nil }
    var basis: [[Float]] = []
    var (diagonal, next): ([Double], [Double]) = ([], [])
    var image = current
    var best: (value: Double, weights: [Double]) = (0, [])
    /// How far the image of the best vector is from a multiple of it.
    var distance: Double { abs((next.last ?? 0) * (best.weights.last ?? 0)) }
    repeat {
      guard apply(current, &image) else { return nil }
      basis.append(current)
      let product = keel_dot(current, image, image.count)
      guard product.isFinite else { return nil }
      diagonal.append(product)
      for _ in 0..<2 {
        for vector in basis {
          let overlap = Float(keel_dot(vector, image, image.count))
          keel_axpy(-overlap, vector, &image, image.count)
        }
      }
      best = Self.largest(diagonal, next)
      guard let following = Self.normalized(image) else {
        next.append(0)
        break
      }
      next.append(following.norm)
      current = following.vector
    } while diagonal.count < steps
      && distance > tolerance * abs(best.value)
    value = best.value
    residual = distance
    self.steps = diagonal.count
    var sum = [Float](repeating: 0, count: start.count)
    for (weight, vector) in zip(best.weights, basis) {
      keel_axpy(Float(weight), vector, &sum, sum.count)
    }
    vector = sum
  }

  private static func normalized(_ vector: [Float]) -> (vector: [Float], norm: Double)? {
    let norm = keel_measure(vector, vector.count).sum_of_squares.squareRoot()
    guard norm > 0, norm.isFinite else { return nil }
    return (vector.map { Float(Double($0) / norm) }, norm)
  }

  /// The largest eigenpair of a symmetric tridiagonal matrix.
  /// - Parameter next: what stands beside the diagonal; one number too many is not looked at.
  static func largest(_ diagonal: [Double], _ next: [Double]) -> (value: Double, weights: [Double])
  {
    let n = diagonal.count
    var (values, beside) = (diagonal, next)
    var vectors = [Double](repeating: 0, count: n * n)
    var work = [Double](repeating: 0, count: 2 * n)
    guard n > 0, keel_tridiagonal_eigen(n, &values, &beside, &vectors, &work) != 0 else {
      return (.nan, [Double](repeating: .nan, count: n))
    }
    return (values[n - 1], Array(vectors[(n - 1) * n..<n * n]))
  }
}
