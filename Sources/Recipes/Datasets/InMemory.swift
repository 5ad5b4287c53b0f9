import KeelData
import KeelEngine
import KeelSettings

/// Rows that a program gives: `Problem(recipe, train: …, test: …)`.
///
/// A recipe file that names it has no rows.
public struct InMemory: Dataset {
  public static let name = "memory"
  public static let summary = "rows that a Swift program gives; not for recipe files"
  public static let fields: [Field<InMemory>] = []

  public init() {}

  public func load(from folder: String, seed: UInt64) throws -> DataSplit {
    throw KeelError(
      .invalid, at: "data.memory", "the rows are those that a program gives, and none were given",
      fix: "name a dataset such as csv; in Swift give the rows: Problem(recipe, train: …)")
  }
}

extension Choice where F == Datasets {
  /// `memory` in a recipe: rows are given.
  public static var memory: Choice { Choice(InMemory()) }
}
