import KeelCauses
import KeelRecipes
import KeelTraining

/// Rows with a number far outside its column are left out of the training part.
///
/// What the others teach is then all there is. Where most batches hold such a row, skipping batches
/// would leave nothing; dropping the rows does.
///
/// **References** Huber, *Robust statistics*, 1981, §1: gross errors, and their rejection.
public struct DropBadRows: Remedy {
  public static let name = "drop-bad-rows"
  public static let summary = "train without the rows that have a number far outside its column"
  public static let undoes = [OutlierBatch.name]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1, risk: "nothing is learnt from those rows, right or wrong")
  public static let isHot = false

  public init() {}

  public static func candidates(for evidence: Evidence) -> [DropBadRows] { [DropBadRows()] }

  public func applied(to problem: Problem) -> Recipe? {
    guard !problem.outliers.rows.isEmpty else { return nil }
    var recipe = problem.recipe
    recipe.training.badRows = .drop
    return recipe
  }
}
