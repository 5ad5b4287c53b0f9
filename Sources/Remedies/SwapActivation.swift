import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// ReLU or tanh in place of hidden activations that are too steep, with the weights that belong to
/// it.
///
/// Slopes of at most 1 cannot make a gradient grow.
///
/// **References** Nair and Hinton, ICML 2010; Glorot et al., AISTATS 2011.
public struct SwapActivation: Remedy {
  public static let name = "swap-activation"
  public static let summary = "a hidden activation whose slope is at most 1"
  public static let undoes = [SteepActivation.name]
  public static let mayHelp = [NumericOverflow.name]
  public static let price = Price(
    invasiveness: 2, timePerStep: 1, risk: "another function is learnt")
  public static let isHot = false

  /// `relu`, `selu` or `tanh`.
  public let activation: String

  public init(activation: String) { self.activation = activation }

  public static func candidates(for evidence: Evidence) -> [SwapActivation] {
    ["relu", "selu", "tanh"].map(SwapActivation.init)
  }

  public func applied(to problem: Problem) -> Recipe? {
    let changed = changed(problem.recipe)
    return changed == problem.recipe ? nil : changed.referencePoint
  }

  private var choice: Choice<Activations> {
    activation == "relu" ? .relu : activation == "selu" ? .selu : .tanh
  }

  private func changed(_ recipe: Recipe) -> Recipe {
    recipe.replacingActivations(choice) { SteepActivation.isSteep($0.member) }
  }
}
