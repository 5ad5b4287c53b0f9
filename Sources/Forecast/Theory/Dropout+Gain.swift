import Foundation
import KeelEngine
import KeelNetworks

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
