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

  /// How much of how a network begins is changed.
  public enum Extent: Hashable, Sendable {
    /// What is unsound, in as few places as it takes.
    case unsound
    /// Every layer, to what theory advises for it.
    case all
  }

  /// How much is changed.
  public let extent: Extent

  public init(_ extent: Extent = .all) { self.extent = extent }

  public static func candidates(for evidence: Evidence) -> [Reinitialize] {
    [Reinitialize(.unsound), Reinitialize()].filter { $0.applied(to: evidence.problem) != nil }
  }

  /// Recurrent weights alone where the others are sound as they are.
  public func applied(to problem: Problem) -> Recipe? {
    let evidence = Evidence(problem)
    guard problem.engine == nil else {
      let changed = PoorInitialization.reset(evidence)
      return changed == problem.recipe ? nil : changed
    }
    let isPoor = PoorInitialization.deviation(in: evidence) != nil
    let isRecurrenceAlone = LongRecurrence.deviation(in: evidence) != nil && !isPoor
    let whole =
      isRecurrenceAlone ? problem.recipe.withOrthogonalRecurrence : problem.recipe.referencePoint
    guard extent == .unsound else { return whole == problem.recipe ? nil : whole }
    guard isPoor else { return nil }
    let most = whole.diff(from: problem.recipe).count
    return problem.recipe.soundWritings.first { recipe in
      let changed = evidence.with(recipe)
      return recipe.diff(from: problem.recipe).count < most
        && PoorInitialization.deviation(in: changed) == nil
        && LongRecurrence.deviation(in: changed) == nil
    }
  }
}
