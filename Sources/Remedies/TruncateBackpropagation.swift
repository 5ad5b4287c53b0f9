import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// Gradients that flow back through a limited number of steps in time.
///
/// What is multiplied once per step is multiplied less often. The forward pass stays as it is: it
/// cannot help where that overflows.
///
/// **References** Werbos, *Backpropagation through time*, 1990; Williams and Peng, 1990.
public struct TruncateBackpropagation: Remedy {
  public static let name = "truncate-backpropagation"
  public static let summary = "gradients flow through fewer steps in time"
  public static let undoes: [String] = []
  public static let price = Price(
    invasiveness: 1, timePerStep: 1, risk: "what lies further back than that is not learnt")
  public static let isHot = true

  /// Steps in time that a gradient flows through.
  public let steps: Int

  public init(steps: Int) { self.steps = steps }

  /// Half of the sequence, half of that, and so on down to five steps: what grows by a gain a step
  /// grows by its root.
  public static func candidates(for evidence: Evidence) -> [TruncateBackpropagation] {
    let lengths = evidence.recipe.recurrences(row: evidence.problem.rows.train.shape).map(\.steps)
    guard let length = lengths.min() else { return [] }
    return sequence(first: length / 2) { $0 / 2 }.prefix { $0 >= 5 }.map(Self.init)
  }

  public func applied(to problem: Problem) -> Recipe? {
    let changed = problem.recipe.replacingLeaves { choice in
      guard var layer = choice.ingredient as? any Recurrence else { return [choice] }
      layer.truncate = min(steps, layer.truncate ?? steps)
      return [Choice(layer)]
    }
    return changed == problem.recipe ? nil : changed
  }
}
