import Foundation
import KeelNetworks
import KeelRecipes

extension TwinOptimizer {
  /// What StableAdamW divides the rate of a whole tensor by; 1 for every other optimizer.
  func slowdown(_ optimizer: any Optimizer, _ gradients: [Double], step: Int) -> Double {
    guard let stable = optimizer as? StableAdamW else { return 1 }
    let ratios = zip(gradients, slots[1]).map { g, past in
      let square = stable.beta2 * past + (1 - stable.beta2) * g * g
      return g * g / max(square / (1 - pow(stable.beta2, Double(step))), pow(stable.epsilon, 2))
    }
    return max(1, (ratios.reduce(0, +) / Double(ratios.count)).squareRoot())
  }
}
