import Foundation
import KeelEngine
import KeelNetworks

extension Propagation {
  /// ln of the squared gain of a product with fresh weights; what is fitted to data puts out a mean
  /// square of 1, whatever comes in.
  /// - Parameter inputs: how many inputs an output sums, on average.
  func logGain(of rule: any Initializer, _ fan: Fan, inputs: Double) -> Double {
    rule.needsData ? -signal.logSquare : 2 * log(rule.std(fan)) + log(inputs)
  }

  /// A product with fresh weights of ln squared gain `gain`, and a bias.
  mutating func multiply(gain: Double, bias: (rule: any Initializer, fan: Fan)?) {
    let offset = bias.map { 2 * log($0.rule.std($0.fan)) } ?? -.infinity
    isExact = isExact && bias.map { $0.rule.isCentered || $0.rule is Zeros } ?? true
    append(factor: gain)
    let square = logSum(gain + signal.logSquare, offset)
    // The bias is the same for every row, the product as alike as its inputs.
    let share = exp(gain + signal.logSquare - square)
    signal.correlation = share.isFinite ? signal.correlation * share + (1 - share) : 1
    (signal.logSquare, signal.mean) = (square, 0)
  }

  /// An activation applied to each element of a normally distributed signal.
  mutating func apply(_ activation: ElementwiseKernel.Functions) {
    // A signal of mean share μ deviates by √(1 − μ²) of its size.
    let spread = max(1e-6, 1 - signal.mean * signal.mean)
    let logDeviation = signal.logSquare / 2 + log(spread) / 2
    let moments = ActivationMoments(
      activation, logDeviation: logDeviation, mean: signal.mean / spread.squareRoot())
    append(factor: moments.logSlopeSquare)
    // Twenty units for each unit of tail: the norm of a row is then known to 11 %, of many better.
    // Pixels of one image, or steps of one sequence, are alike: only what is on the last axis
    // counts.
    isExact = isExact && 20 * moments.tail <= Double(shape.last)
    let correlation = covariance(of: activation, logDeviation, spread)
    signal = SignalMoments(
      logSquare: moments.logSquare, correlation: correlation, mean: moments.mean)
  }

  /// How alike rows are after it.
  private func covariance(
    of activation: ElementwiseKernel.Functions, _ logDeviation: Double, _ spread: Double
  ) -> Double {
    let deviation = exp(min(max(logDeviation, -27), 34))
    let integral = GaussianIntegral(
      mean: signal.mean / spread.squareRoot() * deviation, deviation: deviation, count: 256)
    let values = activation.values(at: integral.points)
    let square = integral.meanSquare(values)
    let inner = (signal.correlation - signal.mean * signal.mean) / spread
    guard square > 0, square.isFinite else { return signal.correlation }
    return integral.covariance(values, correlation: min(1, max(-1, inner))) / square
  }
}
