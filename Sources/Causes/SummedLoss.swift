import KeelRecipes

/// A loss that adds up its rows: gradients grow with the batch, and with them every step.
///
/// **Definition** The loss of a batch twice over is twice that of the batch, where a mean is the
/// same; it deviates with two rows and more. The reset divides by the rows. A rate that suits one
/// is as many times too large for the other. Only an engine's training has it so far.
///
/// **References** Goyal et al., *Accurate, large minibatch SGD*, 2017, §2.1: the rate that a mean
/// bears does not grow with its rows.
public enum SummedLoss: Cause {
  public static let name = "summed-loss"
  public static let summary = "the loss adds up the rows of a batch, so that gradients grow with it"
  public static let isOfEngines = true

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    setting == "reduction" || setting == "loss-reduction"
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    let rows = evidence.recipe.training.batch
    guard evidence.recipe.ownLoss?.reduction == .sum, rows > 1 else { return nil }
    return Deviation(
      quantity: "rows that the loss adds up", value: Double(rows), reference: 1)
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    evidence.recipe.settingOwnLoss { $0.reduction = .mean }
  }
}
