import KeelCauses
import KeelRecipes
import KeelTraining

/// Inputs and numeric targets brought to mean 0 and deviation 1.
///
/// Errors, and so gradients, are then of the size that rates and initial weights are made for.
///
/// **References** LeCun et al., *Efficient backprop*, 1998, §4.3.
public struct StandardizeData: Remedy {
  public static let name = "standardize-data"
  public static let summary = "inputs and targets with mean 0 and deviation 1"
  public static let undoes = [UnscaledData.name]
  public static let mayHelp = [OutlierBatch.name]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1, risk: "predictions must be scaled back, which Keel does")
  public static let isHot = false

  /// What is brought to unit size.
  public let parts: Recipe.Standardize

  public init(_ parts: Recipe.Standardize) { self.parts = parts }

  /// What the experiments have shown to heal, where they have; otherwise inputs and targets,
  /// whichever can be.
  public static func candidates(for evidence: Evidence) -> [StandardizeData] {
    let reset = evidence.resets[UnscaledData.name] ?? UnscaledData.reset(evidence)
    return reset.map { [StandardizeData($0.standardize)] } ?? []
  }

  public func applied(to problem: Problem) -> Recipe? {
    var recipe = problem.recipe
    recipe.standardize = parts
    return recipe == problem.recipe ? nil : recipe
  }
}
