import KeelCauses
import KeelData
import KeelFrameworks
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

  public func lines(for framework: ExportTarget, in recipe: Recipe) -> [String] {
    let names =
      (recipe.vocabulary == nil ? ["x_train"] : [])
      + (recipe.loss.member.isOverClasses ? [] : ["y_train"])
    let keep = "np.all([is_usual(column) for column in columns.T], axis=0)"
    return [
      "import numpy as np",
      "def is_usual(column):",
      "    column = np.asarray(column, dtype=np.float64)",
      "    distance = np.abs(column - np.median(column[np.isfinite(column)]))",
      "    near = np.sort(distance[np.isfinite(distance) & (distance > 0)])",
      "    if len(near) < 10: return np.isfinite(column)",
      "    usual = np.sqrt(np.mean(near[: len(near) * 9 // 10] ** 2))",
      "    return distance <= \(Int(Outliers.limit)) * usual  # false for nan",
      "# before training; where more than a tenth would go, it is a heavy tail: keep all",
      "columns = np.concatenate(["
        + names.map { "np.reshape(\($0), (len(\($0)), -1))" }.joined(separator: ", ")
        + "], axis=1)",
      "keep = " + (framework == .pytorch ? "torch.tensor(\(keep))" : keep),
      "x_train, y_train = x_train[keep], y_train[keep]",
    ]
  }
}
