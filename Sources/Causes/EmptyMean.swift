import KeelRecipes
import KeelTraining

/// A mean of nothing: 0/0, where a batch has no label that counts, or a row nothing to attend to.
///
/// **Definition** The first thing that was not finite is a mean (or a softmax, or a quotient) of
/// nothing. What happened decides: without an explosion on record nothing deviates. The reset takes
/// zero for it, with no gradient. Only an engine's training has it so far.
///
/// **References** IEEE 754-2019, §7.2: 0/0 is an invalid operation.
public enum EmptyMean: Cause {
  public static let name = "empty-mean"
  public static let summary = "a mean is taken of nothing: every label ignored, or a row all masked"
  public static let isOfEngines = true
  /// What an engine calls such an operation.
  static let operation = "empty-mean"

  public static func deviation(in evidence: Evidence) -> Deviation? {
    guard let explosion = evidence.explosion, explosion.operation == operation,
      evidence.recipe.ownLoss?.emptyMeans == .own
    else { return nil }
    return Deviation(
      quantity: "numbers that a mean was taken of", value: 0, reference: 1, place: explosion.place)
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    evidence.recipe.settingOwnLoss { $0.emptyMeans = .zero }
  }
}
