import Foundation
import KeelEngine
import KeelNetworks

extension Repeat: Propagating {
  package func propagate(in path: inout Propagation) {
    for _ in 0..<times { path.run(layers) }
  }
}
