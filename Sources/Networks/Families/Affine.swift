import KeelSettings

// What causes, remedies and the reference point ask a layer for: they know traits, not layers.

/// A layer with weights that says how they begin.
public protocol Weighted: Layer {
  /// Of the weights; the recipe's if not given.
  var initializer: Inherited<Choice<Initializers>> { get set }
}

/// A layer with an activation of its own.
public protocol Activated: Layer {
  var activation: Choice<Activations> { get set }
}

/// A layer that computes activation(W x + b), so that something may stand before its activation.
public protocol Affine: Weighted, Activated {
  var biasInitializer: Choice<Initializers> { get set }
}

extension Affine {
  /// How the bias begins: as the layer says; where that is zeros, as the rule of its weights has
  /// it.
  /// - Parameter rule: of the weights.
  public func biasRule(_ rule: any Initializer) -> any Initializer {
    biasInitializer == .zeros ? rule.rule(for: .bias) : biasInitializer.member
  }

  /// The layer without its activation, and the activation as a layer; nil where that is linear.
  public var split: (product: Choice<Layers>, activation: Choice<Layers>)? {
    guard activation != .linear else { return nil }
    var product = self
    product.activation = .linear
    return (Choice(product), Choice(activation.ingredient))
  }
}
