import Foundation
import KeelNetworks

/// An optimizer whose stability on a quadratic is known.
///
/// A lead, not a verdict: on real networks the largest rate that still learns lies at 2 to 27 times
/// what it says, for adaptive optimizers at 15 to 1,500 times.
package protocol StabilityTheory: Optimizer {
  /// The largest stable sharpness at a learning rate, preconditioned where `precondition` is not 1.
  func edge(learningRate: Double) -> Double
  /// What the optimizer divides a gradient by, in its first step.
  func precondition(_ gradient: Double) -> Double
}

extension SGD: StabilityTheory {
  /// (2 + 2β)/η; Nesterov (2 + 2β)/(η(1 + 2β)).
  ///
  /// **References** Cohen et al., ICLR 2021.
  package func edge(learningRate: Double) -> Double {
    (2 + 2 * momentum) / (learningRate * (nesterov ? 1 + 2 * momentum : 1))
  }
  package func precondition(_ gradient: Double) -> Double { 1 }

  /// By what a component of curvature λ grows a step: the larger root of
  /// z² − (1 + β − ηλ)z + β, or of z² − (1 + β)(1 − ηλ)z + β(1 − ηλ) with Nesterov.
  func growth(sharpness: Double, learningRate: Double) -> Double {
    let step = learningRate * sharpness
    let (sum, product) =
      nesterov
      ? ((1 + momentum) * (1 - step), momentum * (1 - step)) : (1 + momentum - step, momentum)
    let discriminant = sum * sum / 4 - product
    guard discriminant > 0 else { return abs(product).squareRoot() }
    return abs(sum) / 2 + discriminant.squareRoot()
  }
}

extension MomentOptimizer where Self: StabilityTheory {
  /// (2 + 2β₁)/((1 − β₁)η).
  ///
  /// **References** Cohen et al. 2022 (2207.14484).
  package func edge(learningRate: Double) -> Double {
    (2 + 2 * beta1) / ((1 - beta1) * learningRate)
  }
  package func precondition(_ gradient: Double) -> Double { abs(gradient) + epsilon }
}

extension Adam: StabilityTheory {}
extension AdamW: StabilityTheory {}
/// As AdamW: its rate is only ever lowered, and not while gradients are what they have been.
extension StableAdamW: StabilityTheory {}

extension RMSprop: StabilityTheory {
  /// 2/η.
  package func edge(learningRate: Double) -> Double { 2 / learningRate }
  package func precondition(_ gradient: Double) -> Double {
    (1 - rho).squareRoot() * abs(gradient) + epsilon
  }
}

extension Adagrad: StabilityTheory {
  /// 2/η.
  package func edge(learningRate: Double) -> Double { 2 / learningRate }
  package func precondition(_ gradient: Double) -> Double {
    (initialAccumulator + gradient * gradient).squareRoot() + epsilon
  }
}

extension Adadelta: StabilityTheory {
  /// 2/η, while both running means stand still; the one of its steps grows from nothing, and the
  /// edge comes down with it.
  package func edge(learningRate: Double) -> Double { 2 / learningRate }
  package func precondition(_ gradient: Double) -> Double {
    (((1 - rho) * gradient * gradient + epsilon) / epsilon).squareRoot()
  }
}
