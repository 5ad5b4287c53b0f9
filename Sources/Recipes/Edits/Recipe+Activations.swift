import KeelNetworks
import KeelSettings

extension Recipe {
  /// Every activation, a layer of its own or inside one, in the order of the network.
  package var activations: [any Activation] { leaves.compactMap(\.activation) }

  /// The same recipe with those activations replaced of which `isMeant` is true.
  package func replacingActivations(
    _ activation: Choice<Activations>, where isMeant: (Choice<Activations>) -> Bool
  ) -> Recipe {
    replacingLeaves { choice in
      if let own = choice.ingredient as? any Activation {
        return [isMeant(Choice(own)) ? Choice(activation.ingredient) : choice]
      }
      guard var layer = choice.ingredient as? any Activated, isMeant(layer.activation) else {
        return [choice]
      }
      layer.activation = activation
      return [Choice(layer)]
    }
  }
}

extension Choice where F == Layers {
  /// The layer itself, or what it has within.
  package var activation: (any Activation)? {
    (ingredient as? any Activation) ?? (ingredient as? any Activated)?.activation.member
  }
}
