import KeelEngine

extension Recipe {
  /// The same recipe with every parameter begun as theory advises: He before ReLU-like activations,
  /// LeCun before SELU, Xavier otherwise; zero biases. Blind to how the recipe fares.
  public var referencePoint: Recipe {
    var recipe = self
    recipe.initializer = .xavier()
    recipe.model = Self.reinitialized(model, initializer)
    return recipe
  }

  /// - Parameter inherited: what layers have that name no initializer of their own.
  private static func reinitialized(
    _ layers: [Choice<Layers>], _ inherited: Choice<Initializers>
  ) -> [Choice<Layers>] {
    layers.enumerated().map { index, choice in
      switch choice.ingredient {
      case var dense as Dense:
        let isInline = dense.activation != .linear
        // What stands between this layer and the next one with weights.
        let next = Array(layers[(index + 1)...]).leaves.prefix { !($0.ingredient is Dense) }
          .first { $0.ingredient is any Activation }
        let name = isInline ? dense.activation.name : next?.name
        let old = (dense.initializer.value ?? inherited).ingredient as? any VarianceScaling
        dense.initializer = .init(initializer(before: name, old?.distribution ?? .normal))
        dense.biasInitializer = .zeros
        return Choice(dense)
      case var container as any Container:
        container.layers = reinitialized(container.layers, inherited)
        return Choice(container)
      default:
        return choice
      }
    }
  }

  private static func initializer(
    before activation: String?, _ distribution: Distribution
  ) -> Choice<Initializers> {
    switch activation {
    case "relu", "leaky-relu", "prelu", "elu", "gelu", "silu": .he(distribution)
    case "selu": .lecun(distribution)
    default: .xavier(distribution)
    }
  }
}
