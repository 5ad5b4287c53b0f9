import Foundation
import KeelNetworks

/// Normalisation of each vector by itself: the Jacobian is (I − x̂x̂ᵀ/n)/s, for layer norm also
/// without the direction in which all features change alike.
///
/// **Definition** Of the n directions N = n are free, for layer norm n − 1. A gradient that favours
/// none loses one more, and is divided by s², χ² with N degrees of freedom: its squared norm
/// changes by (N − 1)/n · E 1/(s² + epsilon), which for a small epsilon is (N − 1)/(N − 2)/s². What
/// comes out has mean square s²/(s² + epsilon).
///
/// **References** Ba, Kiros and Hinton, 2016; Xiong et al., ICML 2020; Yang et al., ICLR 2019,
/// theorem 8 for the same along a batch.
extension LayerNorm: Propagating {
  package func propagate(in path: inout Propagation) {
    _ = path.name(Self.name)
    path.normalize(by: Self.name)
    path.centre()
    path.normalize(over: path.shape.last, epsilon: epsilon, free: path.shape.last - 1)
  }
}

extension RMSNorm: Propagating {
  package func propagate(in path: inout Propagation) {
    _ = path.name(Self.name)
    path.normalize(by: Self.name)
    path.normalize(over: path.shape.last, epsilon: epsilon, free: path.shape.last)
  }
}

extension Propagation {
  /// Takes away what all that is normalised together has in common.
  mutating func centre() {
    let common = signal.mean * signal.mean
    let rest = max(1e-12, 1 - common)
    signal.logSquare += log(rest)
    signal.correlation = min(1, max(-1, (signal.correlation - common) / rest))
    signal.mean = 0
  }

  /// Divides so many numbers by the root of their mean square + epsilon, `free` directions being
  /// left.
  mutating func normalize(over count: Int, epsilon: Double, free: Int) {
    let (size, free) = (Double(count), Double(free))
    let inverse = -logSum(signal.logSquare + log(max(1, free - 2) / size), log(epsilon))
    append(factor: inverse + log(max(1, free - 1) / size))
    signal.logSquare -= logSum(signal.logSquare, log(epsilon))
    // In a narrow layer one vector's size is not the next one's.
    isExact = isExact && size >= 16
  }
}
