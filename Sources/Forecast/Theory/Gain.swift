import Foundation
import KeelEngine
import KeelNetworks

/// A layer whose effect on the size of signals and gradients theory knows.
///
/// A layer of your own joins in by conforming.
package protocol Propagating {
  /// Changes the signal as the layer does, and appends ln of the squared gain of the gradient.
  func propagate(in path: inout Propagation)
}

extension Dense: Propagating {
  /// z = x Wᵀ + b: σ²·fan-in both ways, and σ_b² forwards.
  package func propagate(in path: inout Propagation) {
    let layer = path.name(Self.name)
    let rule = initializer.value?.member ?? path.initializer
    let fan = Fan(input: path.shape.last, output: units)
    let gain = path.logGain(of: rule, fan, inputs: Double(fan.input))
    path.isExact = path.isExact && rule.isCentered
    path.multiply(gain: gain, bias: bias ? (biasInitializer.member, fan) : nil)
    path.shape = path.shape.replacingLast(with: units)
    path.record(layer, logWeightGain: gain)
    (activation.ingredient as? any Propagating)?.propagate(in: &path)
  }
}

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

extension ElementwiseActivation {
  package func propagate(in path: inout Propagation) { path.apply(kernel) }
}

extension ELU: Propagating {}
extension Exponential: Propagating {}
extension GELU: Propagating {}
extension HardTanh: Propagating {}
extension LeakyReLU: Propagating {}
extension ReLU: Propagating {}
extension SELU: Propagating {}
extension SiLU: Propagating {}
extension Sigmoid: Propagating {}
extension Softplus: Propagating {}
extension Tanh: Propagating {}

extension Linear: Propagating {
  package func propagate(in path: inout Propagation) {}
}

extension PReLU: Propagating {
  package func propagate(in path: inout Propagation) {
    _ = path.name(Self.name)
    if let elementwise { path.apply(elementwise) }
  }
}

extension Softmax: Propagating {
  /// With normal logits of variance q the sum over n is near n·e^{q/2}: E y² = e^q/n², and so the
  /// slopes.
  ///
  /// Not exact: one large logit is enough to spoil it.
  package func propagate(in path: inout Propagation) {
    let count = Double(path.shape.last)
    let logSquare = min(exp(path.signal.logSquare) - 2 * log(count), -log(count))
    path.append(factor: logSquare)
    path.signal = SignalMoments(
      logSquare: logSquare, correlation: path.signal.correlation,
      mean: exp(-log(count) - logSquare / 2))
    path.isExact = false
  }
}

extension Flatten: Propagating {
  package func propagate(in path: inout Propagation) {
    path.shape = Shape(path.shape.count)
  }
}

extension Dropout: Propagating {
  /// E m² = 1/(1 − rate), both ways; two rows drop independently.
  package func propagate(in path: inout Propagation) {
    let growth = -log1p(-rate)
    path.append(factor: growth)
    path.signal.logSquare += growth
    path.signal.correlation *= 1 - rate
    path.signal.mean *= (1 - rate).squareRoot()
  }
}

extension Repeat: Propagating {
  package func propagate(in path: inout Propagation) {
    for _ in 0..<times { path.run(layers) }
  }
}

extension Residual: Propagating {
  /// y = x + f(x): squares add where f ends in fresh weights; where both have a mean over units,
  /// twice its product besides.
  ///
  /// Backwards 1 + the branch's gain. A projection is a product of its own.
  package func propagate(in path: inout Propagation) {
    let layer = path.name(Self.name)
    var before = path.signal
    let (factor, branch, shape) = path.branch(layers)
    let fan = Fan(input: path.shape.last, output: shape.last)
    let gain =
      shortcut == .projection ? 2 * log(path.initializer.std(fan)) + log(Double(fan.input)) : 0
    if shortcut == .projection {
      (before.logSquare, before.mean) = (before.logSquare + gain, 0)
      path.isExact = path.isExact && path.initializer.isCentered
      path.shape = shape
    }
    path.append(factor: logSum(gain, factor))
    path.bypass(Self.name, logGain: logSum(gain, factor) - gain)
    let middle = (before.logSquare + branch.logSquare) / 2
    let product = 2 * before.mean * branch.mean
    let sum = logSum(before.logSquare, branch.logSquare)
    // Relative to the sum of squares, so that nothing overflows; two means never cancel it wholly.
    let cross = 1 + product * exp(middle - sum)
    var signal = SignalMoments(logSquare: sum + log(max(cross, 1e-6)), correlation: 0)
    func part(_ one: SignalMoments) -> Double { exp(one.logSquare - signal.logSquare) }
    signal.mean =
      before.mean * part(before).squareRoot() + branch.mean * part(branch).squareRoot()
    signal.correlation =
      before.correlation * part(before) + branch.correlation * part(branch)
      + product * exp(middle - signal.logSquare)
    path.signal = signal
    if shortcut == .projection { path.record(layer, logWeightGain: gain) }
  }
}
