import KeelEngine

extension Recipe {
  /// The same recipe with every parameter begun as theory advises: He before ReLU-like activations,
  /// LeCun before SELU, Xavier otherwise; zero biases. Blind to how the recipe fares.
  public var referencePoint: Recipe {
    var recipe = self
    recipe.initializer = .xavier()
    recipe.model = Self.reinitialized(model)
    return recipe
  }

  private static func reinitialized(_ layers: [Choice<Layers>]) -> [Choice<Layers>] {
    layers.enumerated().map { index, choice in
      switch choice.ingredient {
      case var dense as Dense:
        let isInline = dense.activation != .linear
        let next = layers[(index + 1)...].first { $0.ingredient is any Activation }
        let name = isInline ? dense.activation.name : next?.name
        dense.initializer = .init(initializer(before: name))
        dense.biasInitializer = .zeros
        return Choice(dense)
      case var container as any Container:
        container.layers = reinitialized(container.layers)
        return Choice(container)
      default:
        return choice
      }
    }
  }

  private static func initializer(before activation: String?) -> Choice<Initializers> {
    switch activation {
    case "relu", "leaky-relu", "prelu", "elu", "gelu", "silu": .he()
    case "selu": .lecun()
    default: .xavier()
    }
  }
}
