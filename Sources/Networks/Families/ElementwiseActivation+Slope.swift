import Foundation

extension ElementwiseActivation {
  /// Integrated numerically.
  ///
  /// **References** Schoenholz et al., *Deep information propagation*, ICLR 2017, χ₁ without σ_w².
  public var rootMeanSquareSlope: Double? {
    // Midpoints of 1,600 cells over ±8, where all but 1e-15 of the distribution lies.
    let points = (0..<1600).map { Float(-8 + (Double($0) + 0.5) / 100) }
    let slopes = kernel.slopes(at: points)
    var (sum, weights) = (0.0, 0.0)
    for (point, slope) in zip(points, slopes) {
      let weight = exp(-Double(point) * Double(point) / 2)
      sum += weight * Double(slope) * Double(slope)
      weights += weight
    }
    return (sum / weights).squareRoot()
  }
}
