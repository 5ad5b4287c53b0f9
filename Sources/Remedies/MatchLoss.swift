import KeelCauses
import KeelRecipes

/// A loss that fits the targets, on the output that belongs to it.
///
/// Softmax cross-entropy for classes, sigmoid cross-entropy for yes or no, squared error for numbers;
/// each has a gradient that is bounded by the error.
public struct MatchLoss: Remedy {
  public static let name = "match-loss"
  public static let summary = "a loss that fits output and targets"
  public static let treats = [MismatchedLoss.name]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1, risk: "outputs mean something else: logits")
  public static let isHot = false

  public init() {}

  public static func candidates(for patient: Patient) -> [MatchLoss] { [MatchLoss()] }

  public func applied(to subject: Subject) -> Recipe? {
    let changed = MismatchedLoss.reset(subject)
    return changed == subject.recipe ? nil : changed
  }
}
