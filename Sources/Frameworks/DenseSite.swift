import KeelNetworks
import KeelSettings

/// A dense layer, as lines for another framework have to name it.
package struct DenseSite {
  package let dense: Dense
  /// The first activation between it and the next layer like it.
  package let activation: Choice<Layers>?
  /// Whether a batch normalisation follows.
  package let isNormalized: Bool
}
