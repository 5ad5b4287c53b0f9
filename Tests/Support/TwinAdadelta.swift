import KeelNetworks
import KeelRecipes

extension TwinOptimizer {
  /// Zeiler 2012, algorithm 1.
  mutating func adadeltaStep(_ adadelta: Adadelta, _ i: Int, _ g: Double) -> Double {
    let (rho, epsilon) = (adadelta.rho, adadelta.epsilon)
    slots[0][i] = rho * slots[0][i] + (1 - rho) * g * g
    let step = ((slots[1][i] + epsilon) / (slots[0][i] + epsilon)).squareRoot() * g
    slots[1][i] = rho * slots[1][i] + (1 - rho) * step * step
    return step
  }
}
