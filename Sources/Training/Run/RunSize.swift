import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes

/// How large a run is.
public struct RunSize: Hashable, Sendable {
  /// Rows of the training part, without those that were dropped.
  public let trainRows: Int
  /// Rows of the test part; 0 where there is none.
  public let testRows: Int
  /// Bad rows that the recipe dropped from the training part.
  public let droppedRows: Int
  /// The row of the test part with a number far outside its column; nil where there is none.
  ///
  /// It is numbered as in its file, and decides every score that counts squares.
  public let outlyingTestRow: Int?
  /// Whether every row of the training part has the same target: there is nothing to tell apart.
  public let hasOneTarget: Bool
  /// Numbers that the optimizer changes, over all layers.
  public let parameters: Int
  /// Whether the last batch of an epoch is one row, and batch normalisation has nothing to compare.
  public let hasLoneRow: Bool
  /// Rows a step.
  public let batch: Int
  /// Steps in the whole run.
  public let steps: Int
  /// Bytes that the plan takes: the network's arena, and what the run remembers of itself.
  public let plannedBytes: Int
}
