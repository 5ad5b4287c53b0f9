import KeelCauses
import KeelFrameworks
import KeelNetworks
import KeelRecipes
import KeelTraining

/// A penalty on squared weights.
///
/// Weights that grow are pulled back. It works over many steps: an explosion within a few it cannot
/// stop.
///
/// **References** Krogh and Hertz, *A simple weight decay can improve generalization*, 1991.
public struct RegularizeWeights: Remedy {
  public static let name = "regularize-weights"
  public static let summary = "a penalty on squared weights"
  public static let undoes = [PoorInitialization.name]
  public static let mayHelp = [LargeLearningRate.name]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1.02, risk: "weights shrink that are needed")
  public static let isHot = true

  /// The weight of the penalty: lambda·Σ w² is added to the loss.
  public let lambda: Double

  public init(lambda: Double) { self.lambda = lambda }

  /// From what is usual to what is strong.
  public static func candidates(for evidence: Evidence) -> [RegularizeWeights] {
    [1e-4, 1e-2].map(RegularizeWeights.init)
  }

  public func applied(to problem: Problem) -> Recipe? {
    changed(problem.recipe)
  }

  private func changed(_ recipe: Recipe) -> Recipe {
    var recipe = recipe
    recipe.regularizer.choices.append(.l2(lambda))
    return recipe
  }

  public func lines(for framework: ExportTarget, in recipe: Recipe) -> [String] {
    switch framework {
    case .pytorch where ExportTarget.couplesDecay(recipe):
      ["# the penalty \(lambda) Σ w² has the gradient \(2 * lambda) w"] + adaptiveComment(recipe)
        + framework.optimizerLines(of: changed(recipe))
    case .pytorch:
      [
        "# before loss.backward()",
        "weights = [p for p in model.parameters() if p.ndim > 1]",
        "loss = loss + \(lambda) * sum(w.square().sum() for w in weights)",
      ]
    case .keras:
      [framework.denseComment(in: recipe)]
        + framework.denseLines(of: recipe) {
          framework.dense($0.dense, ["kernel_regularizer=keras.regularizers.L2(\(lambda))"])
        }
    }
  }

  private func adaptiveComment(_ recipe: Recipe) -> [String] {
    recipe.optimizer.ingredient is SGD
      ? []
      : [
        "# \(recipe.optimizer.name) divides it by the gradient's size like the rest;"
          + " AdamW decays apart from that"
      ]
  }
}
