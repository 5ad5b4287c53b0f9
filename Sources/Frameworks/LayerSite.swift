import KeelNetworks
import KeelRecipes
import KeelSettings

/// A layer as lines for another framework have to find it: the how-many-th of its kind.
package struct LayerSite {
  package let layer: Choice<Layers>
  /// Among the layers of its kind, from 0.
  package let index: Int
  /// How its weights begin; nil where it has none.
  package let rule: Choice<Initializers>?

  package var kind: String { layer.name }
}

extension Recipe {
  /// Every layer that is not a container, in the order of the network, repeats expanded.
  package var sites: [LayerSite] {
    var counts: [String: Int] = [:]
    return leaves.map { layer in
      let index = counts[layer.name, default: 0]
      counts[layer.name] = index + 1
      let rule =
        switch layer.ingredient {
        case let weighted as any Weighted: weighted.initializer.value ?? initializer
        case is Attention, is Embedding: initializer
        default: nil as Choice<Initializers>?
        }
      return LayerSite(layer: layer, index: index, rule: rule)
    }
  }

  /// How many layers of a kind there are.
  func count(of kind: String) -> Int { leaves.count { $0.name == kind } }

  /// Every activation, inside a layer or by itself, in the order of the network.
  package var activationSites: [ActivationSite] {
    var counts: [String: Int] = [:]
    return sites.compactMap { site in
      // That of a recurrence is an argument of it, no place of its own.
      guard let activation = site.layer.activation, !(site.layer.ingredient is any Recurrence),
        !(activation is Linear)
      else { return nil }
      let choice = Choice<Layers>(activation)
      let index = counts[choice.name, default: 0]
      counts[choice.name] = index + 1
      return ActivationSite(activation: choice, index: index, holder: site)
    }
  }
}

/// An activation, and the layer that has it.
package struct ActivationSite {
  package let activation: Choice<Layers>
  /// Among the activations of its kind, from 0.
  package let index: Int
  /// The layer it stands in, or itself.
  package let holder: LayerSite
}
