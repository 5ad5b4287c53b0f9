import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// A loss that fits the targets, on the output that belongs to it.
///
/// Softmax cross-entropy for classes, sigmoid cross-entropy for yes or no, squared error for
/// numbers; each has a gradient that is bounded by the error.
public struct MatchLoss: Remedy {
  public static let name = "match-loss"
  public static let summary = "a loss that fits output and targets"
  public static let undoes = [MismatchedLoss.name]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1, risk: "outputs mean something else: logits")
  public static let isHot = false

  /// The loss that fits the targets.
  public let loss: Choice<Losses>

  public init(_ loss: Choice<Losses>) { self.loss = loss }

  public static func candidates(for evidence: Evidence) -> [MatchLoss] {
    MismatchedLoss.reset(evidence).map { [MatchLoss($0.loss)] } ?? []
  }

  public func applied(to problem: Problem) -> Recipe? {
    guard var changed = MismatchedLoss.reset(Evidence(problem)) else { return nil }
    changed.loss = loss
    return changed == problem.recipe ? nil : changed
  }
}
