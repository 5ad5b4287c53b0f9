import Foundation
import KeelEngine
import KeelNetworks

/// A layer whose effect on the size of signals and gradients theory knows.
///
/// A layer of your own joins in by conforming.
package protocol Propagating {
  /// Changes the signal as the layer does, and appends ln of the squared gain of the gradient.
  func propagate(in path: inout Propagation)
}
