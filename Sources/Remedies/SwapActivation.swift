import KeelCauses
import KeelRecipes

/// ReLU or tanh in place of hidden activations that are too steep, with the weights that belong to it.
///
/// Slopes of at most 1 cannot make a gradient grow.
///
/// **References** Nair and Hinton, ICML 2010; Glorot et al., AISTATS 2011.
public struct SwapActivation: Remedy {
  public static let name = "swap-activation"
  public static let summary = "a hidden activation whose slope is at most 1"
  public static let treats = [SteepActivation.name]
  public static let price = Price(
    invasiveness: 2, timePerStep: 1, risk: "another function is learnt")
  public static let isHot = false

  /// `relu`, `selu` or `tanh`.
  public let activation: String

  public init(activation: String) { self.activation = activation }

  public static func candidates(for patient: Patient) -> [SwapActivation] {
    ["relu", "selu", "tanh"].map(SwapActivation.init)
  }

  public func applied(to subject: Subject) -> Recipe? {
    let new: Choice<Activations> =
      activation == "relu" ? .relu : activation == "selu" ? .selu : .tanh
    let changed = subject.recipe.replacingLeaves { choice in
      guard SteepActivation.isSteep(choice) else { return [choice] }
      guard var layer = choice.ingredient as? any Activated else {
        return [Choice(new.ingredient)]
      }
      layer.activation = new
      return [Choice(layer)]
    }
    return changed == subject.recipe ? nil : changed.referencePoint
  }
}
