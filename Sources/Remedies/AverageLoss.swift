import KeelCauses
import KeelRecipes
import KeelTraining

/// A loss that is the mean over what there is: divided by the rows of the batch, and zero where
/// there are none that count.
///
/// A rate that suits a mean suits it for every batch.
///
/// **References** Goyal et al., *Accurate, large minibatch SGD*, 2017, §2.1.
public struct AverageLoss: Remedy {
  public static let name = "average-loss"
  public static let summary = "a loss that is the mean of what there is, and zero of nothing"
  public static let undoes = [SummedLoss.name, EmptyMean.name]
  public static let price = Price(
    invasiveness: 0, timePerStep: 1, risk: "a rate that was set for the sum may be low for the mean"
  )
  public static let isHot = false
  public static let isOfEngines = true

  /// Whether rows are averaged, and whether a mean of nothing is zero.
  public let rows, empty: Bool

  public init(rows: Bool, empty: Bool) { (self.rows, self.empty) = (rows, empty) }

  /// What deviates.
  public static func candidates(for evidence: Evidence) -> [AverageLoss] {
    [
      AverageLoss(
        rows: SummedLoss.deviation(in: evidence) != nil,
        empty: EmptyMean.deviation(in: evidence) != nil)
    ]
  }

  public func applied(to problem: Problem) -> Recipe? {
    let changed = problem.recipe.settingOwnLoss { loss in
      if rows { loss.reduction = .mean }
      if empty { loss.emptyMeans = .zero }
    }
    return changed == problem.recipe ? nil : changed
  }
}
