import Foundation
import KeelNetworks
import KeelRecipes

/// An optimizer in Double, as its documentation writes it, for one tensor.
public struct TwinOptimizer {
  private let optimizer: any Optimizer
  /// What it remembers, in the engine's order.
  public internal(set) var slots: [[Double]]

  public init(_ optimizer: any Optimizer, count: Int) {
    self.optimizer = optimizer
    slots = optimizer.initialSlots.map { [Double](repeating: Double($0.value), count: count) }
  }

  /// One update; `step` counts from 1.
  public mutating func update(
    _ w: inout [Double], _ gradients: [Double], learningRate lr: Double, step: Int
  ) {
    let lr = lr / slowdown(optimizer, gradients, step: step)
    for (i, g) in gradients.enumerated() {
      switch optimizer {
      case let sgd as SGD: w[i] -= lr * sgdStep(sgd, i, g)
      case let adagrad as Adagrad:
        slots[0][i] += g * g
        w[i] -= lr * g / (slots[0][i].squareRoot() + adagrad.epsilon)
      case let rms as RMSprop:
        slots[0][i] = rms.rho * slots[0][i] + (1 - rms.rho) * g * g
        w[i] -= lr * g / (slots[0][i].squareRoot() + rms.epsilon)
      case let adadelta as Adadelta: w[i] -= lr * adadeltaStep(adadelta, i, g)
      case let adam as any MomentOptimizer:
        w[i] -= lr * adam.weightDecay * w[i]
        w[i] -= lr * adamStep(i, g, adam.beta1, adam.beta2, adam.epsilon, step)
      default: preconditionFailure("the twin does not know \(optimizer)")
      }
    }
  }

  private mutating func sgdStep(_ sgd: SGD, _ i: Int, _ g: Double) -> Double {
    guard sgd.momentum != 0 else { return g }
    slots[0][i] = sgd.momentum * slots[0][i] + g
    return sgd.nesterov ? g + sgd.momentum * slots[0][i] : slots[0][i]
  }

  private mutating func adamStep(
    _ i: Int, _ g: Double, _ beta1: Double, _ beta2: Double, _ epsilon: Double, _ step: Int
  ) -> Double {
    slots[0][i] = beta1 * slots[0][i] + (1 - beta1) * g
    slots[1][i] = beta2 * slots[1][i] + (1 - beta2) * g * g
    let mean = slots[0][i] / (1 - pow(beta1, Double(step)))
    let square = slots[1][i] / (1 - pow(beta2, Double(step)))
    return mean / (square.squareRoot() + epsilon)
  }
}

// MARK: what happens to gradients before

/// Gradients of several tensors, clipped by what looks at nothing else; only for finite ones.
public func twinClip(_ clip: any Clip, _ gradients: [[Double]]) -> [[Double]] {
  switch clip {
  case let clip as ClipByValue:
    return gradients.map { $0.map { min(max($0, -clip.limit), clip.limit) } }
  case let clip as ClipByNorm: return gradients.map { scaled([$0], to: clip.limit)[0] }
  case let clip as ClipByGlobalNorm: return scaled(gradients, to: clip.limit)
  default: preconditionFailure("the twin does not know \(clip)")
  }
}

private func scaled(_ gradients: [[Double]], to limit: Double) -> [[Double]] {
  let norm = norm(gradients.flatMap { $0 })
  return norm > limit ? gradients.map { $0.map { $0 * limit / norm } } : gradients
}

/// The gradient of l1·Σ|w| + l2·Σw².
public func twinPenalty(_ weights: [Double], l1: Double, l2: Double) -> [Double] {
  weights.map { l1 * ($0 > 0 ? 1 : $0 < 0 ? -1 : 0) + 2 * l2 * $0 }
}
