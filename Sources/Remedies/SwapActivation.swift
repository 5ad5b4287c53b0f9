import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// ReLU, SELU or tanh in place of hidden activations that are too steep, with the weights that
/// belong to it; where none is, in place of those that are too flat.
///
/// Slopes near 1 do not make a gradient grow. A sigmoid's is a quarter at most: where weights do
/// not make up for it, three quarters of a gradient are lost with every layer.
///
/// **References** Nair and Hinton, ICML 2010; Glorot et al., AISTATS 2011.
public struct SwapActivation: Remedy {
  public static let name = "swap-activation"
  public static let summary = "a hidden activation neither steep nor flat"
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

  /// Of unit input it lets less than half of a gradient's size through.
  private func isFlat(_ activation: any Activation) -> Bool {
    (activation.rootMeanSquareSlope ?? 1) < 0.5
  }

  private func changed(_ recipe: Recipe) -> Recipe {
    let steep = recipe.replacingActivations(choice) { SteepActivation.isSteep($0.member) }
    guard steep == recipe, let output = recipe.model.last else { return steep }
    // What the loss wants of the output is no hidden activation.
    var changed = recipe.replacingActivations(choice) { isFlat($0.member) }
    changed.model[changed.model.count - 1] = output
    return changed
  }
}
