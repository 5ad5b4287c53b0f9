import KeelCauses
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
  public static let undoes: [String] = []
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
}
