import KeelCauses
import KeelFrameworks
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

  public func lines(for framework: ExportTarget, in recipe: Recipe) -> [String] {
    let comment = "# before training: mean and deviation of the training part, for both parts"
    let inputs = parts.includesInputs && !recipe.standardize.includesInputs
    let targets = parts.includesTargets && !recipe.standardize.includesTargets
    // Pixels share one mean and one deviation.
    let isHomogeneous = recipe.data.ingredient is IDX
    return [comment]
      + (inputs ? Self.scaling("x", framework, together: isHomogeneous) : [])
      + (targets
        ? Self.scaling("y", framework, together: false)
          + ["# in the targets' own units: prediction * y_std + y_mean"]
        : [])
  }

  private static func scaling(
    _ name: String, _ framework: ExportTarget, together: Bool
  ) -> [String] {
    let axis = together ? [] : [framework == .pytorch ? "dim=0" : "axis=0"]
    // PyTorch divides by one row less unless it is told not to.
    let deviation = axis + (framework == .pytorch ? ["correction=0"] : [])
    return [
      "\(name)_mean = " + ExportTarget.call("\(name)_train.mean", axis),
      "\(name)_std = " + ExportTarget.call("\(name)_train.std", deviation),
    ]
      + (together
        ? [] : ["\(name)_std = \(name)_std + (\(name)_std == 0)  # a constant column becomes 0"])
      + [
        "\(name)_train = (\(name)_train - \(name)_mean) / \(name)_std",
        "\(name)_test = (\(name)_test - \(name)_mean) / \(name)_std",
      ]
  }
}
