import KeelCauses
import KeelRecipes
import KeelTraining

/// Steps whose batch makes the gradient non-finite, or far larger than the usual, change nothing.
///
/// A few rows no longer decide what all the others taught.
///
/// **References** Chowdhery et al., *PaLM*, 2022, §5.1: skipping the batches around a spike let the
/// training go on.
public struct SkipBadSteps: Remedy {
  public static let name = "skip-bad-steps"
  public static let summary = "steps whose gradient is far above the usual change nothing"
  public static let undoes = [OutlierBatch.name]
  public static let price = Price(
    invasiveness: 0, timePerStep: 1, risk: "nothing is learnt from the rows of skipped steps")
  public static let isHot = true
  public static let helpsBeforeUpdate = true

  public init() {}

  public static func candidates(for evidence: Evidence) -> [SkipBadSteps] { [SkipBadSteps()] }

  public func applied(to problem: Problem) -> Recipe? {
    guard problem.recipe.training.badSteps != .skip else { return nil }
    var recipe = problem.recipe
    recipe.training.badSteps = .skip
    return recipe
  }
}
