/// The part that is trained on, and the part that is only looked at.
public struct DataSplit: Sendable {
  public var train: Examples
  public var test: Examples?

  public init(train: Examples, test: Examples?) {
    self.train = train
    self.test = test
  }
}
