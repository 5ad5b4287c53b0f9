import KeelCauses
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelTraining

/// Gradients scaled back to a norm before each update.
///
/// The direction stays, the step is bounded. It cannot help where the forward pass overflows.
///
/// **References** Pascanu et al., 2013, algorithm 1: thresholds from half to ten times the usual
/// norm.
public struct ClipGradients: Remedy {
  public static let name = "clip-gradients"
  public static let summary = "gradients scaled back to a norm"
  public static let undoes = [LargeLearningRate.name]
  public static let mayHelp = [UnscaledData.name, OutlierBatch.name]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1.02, risk: "hides the cause where it acts in most steps")
  public static let isHot = true

  /// The largest norm of all gradients together.
  public let limit: Double

  public init(limit: Double) { self.limit = limit }

  public static func recipeToMeasure(_ evidence: Evidence) -> Recipe? {
    evidence.gradientNorm == nil ? evidence.recipe : nil
  }

  /// The norm of the first gradient, a tenth and a hundredth of it, and 1.
  public static func candidates(for evidence: Evidence) -> [ClipGradients] {
    let first = evidence.gradientNorm ?? 1
    let limits = [first, first / 10, first / 100, 1].map(rounded).filter { $0 > 0 }
    return Set(limits).sorted(by: >).map(ClipGradients.init)
  }

  public func applied(to problem: Problem) -> Recipe? {
    guard problem.engine != nil else { return changed(problem.recipe) }
    // An engine clips once: a tighter limit takes the place of its own.
    let own = problem.recipe.clipping.choices.compactMap { $0.ingredient as? ClipByGlobalNorm }
    guard own.allSatisfy({ $0.limit > limit }) else { return nil }
    var recipe = problem.recipe
    recipe.clipping = [.globalNorm(limit)]
    return recipe
  }

  private func changed(_ recipe: Recipe) -> Recipe {
    var recipe = recipe
    recipe.clipping.choices.append(.globalNorm(limit))
    return recipe
  }
}
