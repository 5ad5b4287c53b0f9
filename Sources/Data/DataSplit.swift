/// The part that is trained on, and the part that is only looked at.
public struct DataSplit: Sendable {
  /// The rows that are trained on.
  public var train: Examples
  /// The rows that are only looked at; nil where none are kept apart.
  public var test: Examples?

  public init(train: Examples, test: Examples?) {
    self.train = train
    self.test = test
  }
}
