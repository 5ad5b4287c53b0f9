import KeelNetworks
import KeelSettings

extension Recipe {
  /// The same recipe with every parameter begun as theory advises: He before ReLU-like activations,
  /// LeCun before SELU, Xavier otherwise; orthogonal recurrent weights; zero biases.
  ///
  /// It is blind to how the recipe fares.
  public var referencePoint: Recipe { withSoundWeights.withOrthogonalRecurrence }

  /// The same recipe with recurrent weights begun orthogonal: every singular value is 1.
  public var withOrthogonalRecurrence: Recipe {
    replacingLeaves { choice in
      guard var layer = choice.ingredient as? any Recurrence else { return [choice] }
      layer.recurrentInitializer = .orthogonal()
      return [Choice(layer)]
    }
  }

  /// The reference point but for recurrent weights, which stay as they are.
  public var withSoundWeights: Recipe {
    var recipe = self
    recipe.initializer = .xavier()
    recipe.initial = .init()
    recipe.model = Self.reinitialized(model, initializer)
    return recipe
  }

  /// Recipes whose weights may be sound, each with as few settings changed as what it mends takes:
  /// factors on deviations back at 1; biases at zero; the recipe's own rule the one that theory
  /// advises for most layers; and these together.
  package var soundWritings: [Recipe] {
    func unscaled(_ choice: Choice<Initializers>) -> Choice<Initializers> {
      guard var rule = choice.ingredient as? any VarianceScaling else { return choice }
      rule.scale = 1
      return Choice(rule)
    }
    var withoutFactors = replacingLeaves { choice in
      guard var layer = choice.ingredient as? any Weighted else { return [choice] }
      let scale = (layer.initializer.value?.ingredient as? any VarianceScaling)?.scale ?? 1
      // Branches of residual blocks begin small for a reason.
      guard scale > 2 || scale < 0.05 else { return [choice] }
      layer.initializer.value = layer.initializer.value.map(unscaled)
      return [Choice(layer)]
    }
    withoutFactors.initializer = unscaled(initializer)
    var advised = self
    let rules = withSoundWeights.leaves.compactMap { layer in
      (layer.ingredient as? any Weighted)?.initializer.value
    }
    let counts = Dictionary(grouping: rules) { $0 }.mapValues(\.count)
    // Of as many the first: what comes first has the most behind it.
    if let most = counts.values.max(), let rule = rules.first(where: { counts[$0] == most }) {
      advised.initializer = rule
    }
    let weights = [withoutFactors, advised]
    return ([self.withZeroBiases] + weights + weights.map(\.withZeroBiases)).filter { $0 != self }
  }

  /// The same recipe with biases that begin at zero.
  private var withZeroBiases: Recipe {
    replacingLeaves { choice in
      guard var layer = choice.ingredient as? any Affine else { return [choice] }
      layer.biasInitializer = .zeros
      return [Choice(layer)]
    }
  }

  /// Every rule that divides by a fan divides by the inputs.
  package var overFanIn: Recipe {
    replacingLeaves { choice in
      guard var layer = choice.ingredient as? any Weighted,
        var rule = layer.initializer.value?.ingredient as? any VarianceScaling
      else { return [choice] }
      rule.mode = .fanIn
      layer.initializer = .init(Choice(rule))
      return [Choice(layer)]
    }
  }

  /// - Parameter inherited: what layers have that name no initializer of their own.
  private static func reinitialized(
    _ layers: [Choice<Layers>], _ inherited: Choice<Initializers>
  ) -> [Choice<Layers>] {
    layers.enumerated().map { index, choice in
      switch choice.ingredient {
      case var layer as any Weighted:
        // Gates are sigmoids and tanhs.
        let own =
          (layer as? any Activated)?.activation.member ?? (layer is any Recurrence ? Tanh() : nil)
        // What stands between this layer and the next one with weights.
        let next = Array(layers[(index + 1)...]).leaves.prefix { !($0.ingredient is any Weighted) }
          .lazy.compactMap { $0.ingredient as? any Activation }.first
        let activation = own.map { !($0 is Linear) } ?? false ? own : next
        let old = (layer.initializer.value ?? inherited).ingredient as? any VarianceScaling
        let distribution = old?.distribution ?? .normal
        layer.initializer = .init(
          activation?.referenceInitializer(distribution) ?? .xavier(distribution))
        guard var product = layer as? any Affine else { return Choice(layer) }
        product.biasInitializer = .zeros
        return Choice(product)
      case var container as any Container:
        container.layers = reinitialized(container.layers, inherited)
        return Choice(container)
      default:
        return choice
      }
    }
  }
}
