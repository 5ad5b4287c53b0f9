import Foundation
import KeelEngine
import KeelNetworks

extension Flatten: Propagating {
  package func propagate(in path: inout Propagation) {
    path.shape = Shape(path.shape.count)
  }
}
