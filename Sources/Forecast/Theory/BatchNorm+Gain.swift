import Foundation
import KeelNetworks

/// Batch normalisation and the activation after it, as one Jacobian.
///
/// **Definition** Rows of a feature before the norm are normal with variance s² in the N = B − 1
/// dimensions that the mean leaves; after it they are uniform on a sphere there. With d = φ′(a):
/// ‖∂L/∂h‖² grows by B·T/(N(N−2)s²), T = E tr((G − ââᵀ) D G D), G the projection that takes the
/// mean away. For ReLU behind ReLU this is Yang's eq. 25 (8 rows: 1.788; many: π/(π − 1)), without
/// an activation (B − 2)/(B − 3).
///
/// **References** Yang et al., *A mean field theory of batch normalization*, ICLR 2019, theorems 8
/// and 9; the trace written out here is exact for homogeneous activations.
extension BatchNorm: Propagating {
  package func propagate(in path: inout Propagation) {
    _ = path.name(Self.name)
    path.normalize(by: Self.name)
    let rows = Double(path.batch * path.shape.leading)
    let free = max(1, rows - 1)
    let logSpread = path.signal.logSquare + log(max(1e-12, 1 - path.signal.correlation))
    let activation = (path.next?.ingredient as? any Activation)?.elementwise
    let trace = Self.trace(activation, rows: rows, free: free)
    // E 1/(variance + epsilon), the variance being χ² with N degrees of freedom.
    let inverse = -logSum(logSpread + log(max(1, free - 2) / rows), log(epsilon))
    path.append(factor: inverse + log(trace / free))
    let variance = logSpread + log(free / rows)
    path.signal = SignalMoments(
      logSquare: variance - logSum(variance, log(epsilon)), correlation: -1 / free)
    // Pixels of one image are alike, which its rows of statistics are not supposed to be.
    path.isExact = path.isExact && path.batch > 3 && path.shape.leading == 1
  }

  /// T over E d², which the activation itself will add.
  private static func trace(
    _ activation: ElementwiseKernel.Functions?, rows: Double, free: Double
  ) -> Double {
    guard let activation else { return max(free - 1, 0.5) }
    let integral = GaussianIntegral(mean: 0, deviation: 1)
    let slopes = activation.slopes(at: integral.points)
    let moved = zip(slopes, integral.points).map { $0 * $1 }
    let square = integral.meanSquare(slopes)
    guard square > 0 else { return max(free - 1, 0.5) }
    let pair = integral.covariance(slopes, correlation: -1 / free)
    let movedPair = integral.covariance(moved, correlation: -1 / free)
    let share = 1 - 1 / rows
    let trace =
      rows * share * share * square + share * pair
      - share * (integral.meanSquare(moved) - movedPair)
    return trace / square
  }
}
