import KeelCauses
import KeelRecipes
import KeelTraining

/// Sound initial weights: He before ReLU-like activations, LeCun before SELU, Xavier otherwise;
/// orthogonal ones from step to step in time.
///
/// Every layer then passes on about as much as it gets.
///
/// **References** Glorot and Bengio, 2010; He et al., 2015; Klambauer et al., 2017.
public struct Reinitialize: Remedy {
  public static let name = "reinitialize"
  public static let summary = "sound initial weights: He, LeCun or Xavier"
  public static let undoes = [PoorInitialization.name]
  public static let mayHelp = [ExcessiveDepth.name, LongRecurrence.name]
  public static let price = Price(invasiveness: 0, timePerStep: 1, risk: "none; needs a new start")
  public static let isHot = false

  public init() {}

  public static func candidates(for evidence: Evidence) -> [Reinitialize] { [Reinitialize()] }

  /// Recurrent weights alone where the others are sound as they are.
  public func applied(to problem: Problem) -> Recipe? {
    let evidence = Evidence(problem)
    let isRecurrenceAlone =
      LongRecurrence.deviation(in: evidence) != nil
      && PoorInitialization.deviation(in: evidence) == nil
    let changed =
      isRecurrenceAlone ? problem.recipe.withOrthogonalRecurrence : problem.recipe.referencePoint
    return changed == problem.recipe ? nil : changed
  }
}
