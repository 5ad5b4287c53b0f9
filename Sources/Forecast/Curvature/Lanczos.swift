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

  /// - Parameters:
  ///   - steps: products with the operator, at most.
  ///   - tolerance: stops where the residual is below this share of the value.
  ///   - apply: writes Hv over its second argument; false where it could not.
  /// - Returns: nil where the operator could not be applied, or the start is zero.
  package init?(
    start: [Float], steps: Int, tolerance: Double = 1e-2,
    apply: ([Float], inout [Float]) -> Bool
  ) {
    guard var current = Self.normalized(start)?.vector else { return nil }
    var basis: [[Float]] = []
    var (diagonal, next): ([Double], [Double]) = ([], [])
    var image = current
    var best: (value: Double, weights: [Double]) = (0, [])
    repeat {
      guard apply(current, &image) else { return nil }
      basis.append(current)
      diagonal.append(keel_dot(current, image, image.count))
      guard diagonal.last!.isFinite else { return nil }
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
      && abs(next.last! * best.weights.last!) > tolerance * abs(best.value)
    value = best.value
    residual = abs(next.last! * best.weights.last!)
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

  /// The largest eigenpair of a symmetric tridiagonal matrix, by Jacobi rotations: it is small.
  static func largest(_ diagonal: [Double], _ next: [Double]) -> (value: Double, weights: [Double])
  {
    let n = diagonal.count
    var a = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
    var v = a
    for i in 0..<n {
      (a[i][i], v[i][i]) = (diagonal[i], 1)
      if i + 1 < n { (a[i][i + 1], a[i + 1][i]) = (next[i], next[i]) }
    }
    for _ in 0..<30 {
      var off = 0.0
      for p in 0..<n {
        for q in p + 1..<max(n, p + 1) where a[p][q] != 0 {
          off += a[p][q] * a[p][q]
          rotate(&a, &v, p, q)
        }
      }
      if off < 1e-24 * (0..<n).reduce(0, { $0 + a[$1][$1] * a[$1][$1] }) { break }
    }
    let best = (0..<n).max { a[$0][$0] < a[$1][$1] } ?? 0
    return (a[best][best], v.map { $0[best] })
  }

  /// Makes a[p][q] zero.
  private static func rotate(_ a: inout [[Double]], _ v: inout [[Double]], _ p: Int, _ q: Int) {
    let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
    let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
    let c = 1 / (t * t + 1).squareRoot()
    let s = t * c
    for k in a.indices {
      (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q])
    }
    for k in a.indices {
      (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k])
      (v[k][p], v[k][q]) = (c * v[k][p] - s * v[k][q], s * v[k][p] + c * v[k][q])
    }
  }
}
