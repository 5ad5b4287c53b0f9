import KeelCauses
import KeelRecipes
import KeelTraining

/// Fewer layers: what is repeated is left out until the chain is short enough.
///
/// A gain above 1 is multiplied less often.
public struct SimplifyNetwork: Remedy {
  public static let name = "simplify-network"
  public static let summary = "fewer layers in a row"
  public static let undoes = [ExcessiveDepth.name]
  public static let mayHelp = [SteepActivation.name, PoorInitialization.name]
  public static let price = Price(
    invasiveness: 3, timePerStep: 0.5, risk: "a smaller network can do less")
  public static let isHot = false

  /// Layers with weights in a row that remain.
  public let depth: Int

  public init(depth: Int) { self.depth = depth }

  /// The reference depth, half of it, and three layers.
  public static func candidates(for evidence: Evidence) -> [SimplifyNetwork] {
    [ReferencePoint.depth, ReferencePoint.depth / 2, 3].map(SimplifyNetwork.init)
  }

  public func applied(to problem: Problem) -> Recipe? {
    let changed = problem.recipe.shortened(to: depth, row: problem.rows.train.shape)
    return changed == problem.recipe ? nil : changed
  }
}
