import Foundation
import KeelEngine
import KeelNetworks

// Convolutions and pools. Theory takes all pixels for alike and independent of their neighbours:
// borders, and real images, are not.

extension Conv2D: Propagating {
  /// As a dense layer whose fan-in is the window, less the taps that lie in the padding: a share of
  /// the outputs' squares forwards, of the gradient's backwards.
  ///
  /// With padding the border is weaker than the middle, and what follows is no longer exact.
  package func propagate(in path: inout Propagation) {
    let layer = path.name(Self.name)
    guard path.shape.axes.count == 3, path.shape.last >= groups else { return }
    let walks = path.walks(kernel, stride, dilation, padding)
    let inside = walks.reduce(1) { $0 * $1.tapsInside } / Double(kernel * kernel)
    let rule = initializer.value?.member ?? path.initializer
    let fan = fan(channels: path.shape.last)
    let gain = path.logGain(of: rule, fan, inputs: Double(fan.input) * inside)
    path.isExact = path.isExact && rule.isCentered && inside == 1
    let vector = Fan(input: fan.input, output: fan.rows)
    path.multiply(gain: gain, bias: bias ? (biasRule(rule), vector) : nil)
    path.shape = Shape(walks[0].outputs, walks[1].outputs, filters)
    path.record(layer, logWeightGain: gain)
    (activation.ingredient as? any Propagating)?.propagate(in: &path)
  }
}

extension MaxPool2D: Propagating {
  /// Each gradient goes to one input, so that backwards nothing changes; forwards the largest of
  /// independent normal numbers.
  ///
  /// Not exact: neighbours are alike, and behind a ReLU the largest one is where its slope is 1.
  package func propagate(in path: inout Propagation) {
    _ = path.name(Self.name)
    path.pool(path.walks(size, stride.value ?? size, 1, padding)) {
      ($0.largest(of: $1), 0)
    }
  }
}

extension AveragePool2D: Propagating {
  /// 1/taps of the gradient's square backwards, exactly so for independent gradients; of the
  /// variance forwards, which is not exact: neighbours are alike.
  package func propagate(in path: inout Propagation) {
    _ = path.name(Self.name)
    path.pool(path.walks(size, stride.value ?? size, 1, padding)) { ($0.mean(of: $1), -log($1)) }
  }
}

extension GlobalAveragePool2D: Propagating {
  /// As an average pool over the whole image.
  package func propagate(in path: inout Propagation) {
    _ = path.name(Self.name)
    let count = Double(path.shape.leading)
    path.signal = path.signal.mean(of: count)
    path.append(factor: -log(count))
    path.shape = Shape(path.shape.last)
    path.isExact = false
  }
}

extension Propagation {
  /// How a window goes down and across the image that is the signal.
  func walks(_ size: Int, _ stride: Int, _ dilation: Int, _ padding: Padding) -> [Walk] {
    shape.axes.prefix(2).map {
      Walk(size, stride: stride, dilation: dilation, padding: padding, over: $0)
    }
  }

  /// - Parameter effect: what a number of taps makes of the signal, and ln of the squared gain of
  ///   the gradient.
  mutating func pool(
    _ walks: [Walk], _ effect: (SignalMoments, Double) -> (SignalMoments, Double)
  ) {
    guard shape.axes.count == 3 else { return }
    let (pooled, factor) = effect(signal, walks.reduce(1) { $0 * $1.tapsInside })
    signal = pooled
    append(factor: factor)
    shape = Shape(walks[0].outputs, walks[1].outputs, shape.last)
    isExact = false
  }
}

extension SignalMoments {
  /// The mean of independent numbers of this kind.
  func mean(of count: Double) -> SignalMoments { transformed(mean: 0, variance: 1 / count) }

  /// The largest of independent normal numbers of this kind.
  ///
  /// **Definition** E M and Var M by the density count·φ(z)·Φ(z)^(count − 1), midpoints of 1,600
  /// cells over ±8.
  func largest(of count: Double) -> SignalMoments {
    var (total, sum, squares) = (0.0, 0.0, 0.0)
    for cell in 0..<1600 {
      let z = -8 + (Double(cell) + 0.5) / 100
      let weight = exp(-z * z / 2) * pow(erfc(-z / 2.0.squareRoot()) / 2, count - 1)
      total += weight
      sum += weight * z
      squares += weight * z * z
    }
    let mean = sum / total
    return transformed(mean: mean, variance: squares / total - mean * mean)
  }

  /// The mean moved by `shift` deviations, the variance times a factor; rows as alike in what is
  /// not the mean as before.
  private func transformed(mean shift: Double, variance factor: Double) -> SignalMoments {
    let spread = max(0, 1 - mean * mean)
    let alike = spread > 0 ? (correlation - mean * mean) / spread : 0
    let centre = mean + shift * spread.squareRoot()
    let square = centre * centre + factor * spread
    guard square > 0 else { return self }
    return SignalMoments(
      logSquare: logSquare + log(square),
      correlation: (centre * centre + alike * factor * spread) / square,
      mean: centre / square.squareRoot())
  }
}
