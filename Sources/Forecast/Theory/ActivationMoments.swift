import Foundation
import KeelNetworks

/// What an activation makes of a normally distributed input: sizes of values and of slopes.
///
/// **Definition** E φ(x)², E φ(x) and E φ′(x)² for x ~ N(m, s²); logarithms, since a deep network's
/// signals leave the range of numbers. Outside s = 1e-12…1e15, where activations are powers of
/// their input, the power is measured at the limit and continued.
///
/// **References** Poole et al., *Exponential expressivity in deep neural networks through transient
/// chaos*, 2016; Schoenholz et al., *Deep information propagation*, ICLR 2017, eq. 3 and 9.
struct ActivationMoments {
  /// ln E φ².
  let logSquare: Double
  /// E φ over the root of E φ², −1 to 1.
  let mean: Double
  /// ln E φ′².
  let logSlopeSquare: Double
  /// The larger of E φ⁴/(E φ²)² and the slopes' same: a mean square over n units deviates by about
  /// its root over √n, so a heavy tail needs a wide layer.
  let tail: Double

  private static let smallest = log(1e-12)
  private static let largest = log(1e15)

  /// - Parameters:
  ///   - logDeviation: ln s.
  ///   - mean: m over s.
  init(_ activation: ElementwiseKernel.Functions, logDeviation: Double, mean share: Double = 0) {
    let inner = min(max(logDeviation, Self.smallest), Self.largest)
    let edge = Self(activation, inner: inner, share)
    guard inner != logDeviation, logDeviation.isFinite else {
      self = edge
      return
    }
    // The power law between the limit and a point a decade inside it.
    let step = inner > 0 ? -log(10.0) : log(10.0)
    let inside = Self(activation, inner: inner + step, share)
    let distance = (logDeviation - inner) / step
    func continued(_ at: Double, _ before: Double) -> Double {
      at.isFinite && before.isFinite ? at + (before - at) * distance : at
    }
    logSquare = continued(edge.logSquare, inside.logSquare)
    (self.mean, tail) = (edge.mean, edge.tail)
    logSlopeSquare = continued(edge.logSlopeSquare, inside.logSlopeSquare)
  }

  private init(_ activation: ElementwiseKernel.Functions, inner: Double, _ share: Double) {
    let deviation = exp(inner)
    let integral = GaussianIntegral(mean: share * deviation, deviation: deviation)
    let values = activation.values(at: integral.points)
    let square = integral.meanSquare(values)
    logSquare = log(square)
    mean = square > 0 && square.isFinite ? integral.mean(values) / square.squareRoot() : 0
    let slopes = activation.slopes(at: integral.points)
    logSlopeSquare = log(integral.meanSquare(slopes))
    tail = max(integral.tail(values), integral.tail(slopes))
  }
}

/// The mean-field fixed point and its edge of chaos.
///
/// **Definition** q = σ_w² E φ(√q z)² + σ_b² and χ = σ_w² E φ′(√q z)²; the critical σ_w² is the one
/// with χ = 1.
///
/// **References** Schoenholz et al., *Deep information propagation*, ICLR 2017.
package enum MeanField {
  /// The σ_w² = fan-in × weight variance at which gradients neither grow nor shrink; nil where
  /// there is none between q = σ_b² and 1e6.
  package static func criticalWeightVariance(
    _ activation: ElementwiseKernel.Functions, biasVariance: Double
  ) -> Double? {
    // Along the fixed points: every q belongs to one σ_w².
    func state(_ logExcess: Double) -> (variance: Double, chi: Double) {
      let q = biasVariance + exp(logExcess)
      let moments = ActivationMoments(activation, logDeviation: log(q) / 2)
      let variance = exp(logExcess - moments.logSquare)
      return (variance, variance * exp(moments.logSlopeSquare))
    }
    var (low, high) = (log(1e-9), log(1e6))
    let isRising = state(low).chi < 1
    guard isRising == (state(high).chi > 1) else { return nil }
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if (state(middle).chi < 1) == isRising { low = middle } else { high = middle }
    }
    return state(low).variance
  }

  /// χ at the fixed point of a σ_w².
  package static func slope(
    _ activation: ElementwiseKernel.Functions, weightVariance: Double, biasVariance: Double
  ) -> Double {
    var logSquare = 0.0
    for _ in 0..<500 {
      let moments = ActivationMoments(activation, logDeviation: logSquare / 2)
      logSquare = log(weightVariance * exp(moments.logSquare) + biasVariance)
    }
    let moments = ActivationMoments(activation, logDeviation: logSquare / 2)
    return weightVariance * exp(moments.logSlopeSquare)
  }
}
