import KeelCauses
import KeelEngine
import KeelFrameworks
import KeelNetworks
import KeelRecipes
import KeelSettings
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
    [Reference.depth, Reference.depth / 2, 3].map(SimplifyNetwork.init)
  }

  public func applied(to problem: Problem) -> Recipe? {
    let changed = problem.recipe.shortened(to: depth, row: problem.rows.train.shape)
    return changed == problem.recipe ? nil : changed
  }

  public func lines(for framework: ExportTarget, in recipe: Recipe) -> [String] {
    // How wide a row is matters to the first layer only, and that is not left out.
    let row = Shape(recipe.input.value ?? [1])
    let changed = recipe.shortened(to: depth, row: row) ?? recipe
    let blocks = zip(recipe.model, changed.model).flatMap { old, new -> [String] in
      guard let old = old.ingredient as? Repeat, let new = new.ingredient as? Repeat,
        old.times != new.times
      else { return [] }
      return ["for _ in range(\(new.times)):  # in place of \(old.times)"]
        + Self.block(new.layers, framework)
    }
    return ["# where the model is built: at most \(depth) layers in a row remain"]
      + (blocks.isEmpty ? Self.whole(changed, in: recipe, framework) : blocks)
  }

  /// What is left of a model written out layer by layer.
  private static func whole(
    _ changed: Recipe, in recipe: Recipe, _ framework: ExportTarget
  ) -> [String] {
    let left = changed.leaves
    return ["# these \(left.count) layers in place of \(recipe.leaves.count)"]
      + left.map { line($0, framework) }
  }

  private static func block(_ layers: [Choice<Layers>], _ framework: ExportTarget) -> [String] {
    layers.map { "    " + line($0, framework) }
  }

  private static func line(_ layer: Choice<Layers>, _ framework: ExportTarget) -> String {
    let made = framework.layer(layer)
    let comment = made.contains("...") ? "  # \(layer.name), as before" : ""
    return framework == .pytorch
      ? "layers += [\(made)]\(comment)" : "model.add(\(made))\(comment)"
  }
}
