import Foundation
import KeelData
import KeelForecast
import KeelRecipes
import KeelTraining

/// A recipe together with the rows it trains on, and where that ended: what causes and remedies
/// look at.
public struct Subject: Sendable {
  /// The recipe that causes are looked for in, and that remedies change.
  public let recipe: Recipe
  public let parts: DataSplit
  /// Rows with numbers far outside the rest, where the recipe keeps them.
  public let outliers: Outliers
  /// Of the rows without them.
  public let data: DataSummary
  /// Nil where it is not known.
  public let explosion: Explosion?

  public init(_ recipe: Recipe, _ parts: DataSplit, _ explosion: Explosion? = nil) {
    let parts = recipe.droppingBadRows(of: parts)
    let outliers =
      recipe.training.badRows == .drop ? Outliers.none : recipe.outliers(in: parts.train)
    self.init(
      recipe, parts, outliers, DataSummary(parts.train, leavingOut: outliers.rows), explosion)
  }

  private init(
    _ recipe: Recipe, _ parts: DataSplit, _ outliers: Outliers, _ data: DataSummary,
    _ explosion: Explosion?
  ) {
    (self.recipe, self.parts, self.outliers) = (recipe, parts, outliers)
    (self.data, self.explosion) = (data, explosion)
  }

  /// The same rows under another recipe; without the bad ones where that drops them. (Rows that are
  /// gone do not come back.)
  public func with(_ recipe: Recipe) -> Subject {
    recipe.training.badRows == self.recipe.training.badRows
      ? Subject(recipe, parts, outliers, data, explosion) : Subject(recipe, parts, explosion)
  }
}
