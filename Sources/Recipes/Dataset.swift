import KeelData
import KeelSettings

/// Where the rows come from: a file, or a generator.
public protocol Dataset: Ingredient {
  /// Reads or makes all rows and splits them.
  ///
  /// Rows of a file keep their order; generated rows are shuffled once, with the seed, before the
  /// last of them become the test part.
  /// - Parameters:
  ///   - folder: what relative file names are relative to.
  ///   - seed: for generators.
  /// - Throws: `KeelError`: `.missing` for a file that is not there, `.invalid` for one that cannot
  ///   be used, with the file, row (counted from 1, the header is row 1) and column as its place.
  func load(from folder: String, seed: UInt64) throws -> DataSplit
  /// The same data, named from another folder.
  func renamed(_ rename: (String) -> String) -> Self
}

extension Dataset {
  public func renamed(_ rename: (String) -> String) -> Self { self }
}

/// Where the rows come from: `data:` in a recipe.
public enum Datasets: Family {
  public static let singular = "dataset"
  public static let plural = "datasets"
  public static func member(_ ingredient: any Ingredient) -> (any Dataset)? {
    ingredient as? any Dataset
  }
}
