import Foundation
import KeelEngine
import KeelNetworks

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
