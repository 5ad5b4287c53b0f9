/// The part that is trained on, and the part that is only looked at.
public struct Parts: Sendable {
  public var train: Examples
  public var test: Examples?

  public init(train: Examples, test: Examples?) {
    self.train = train
    self.test = test
  }
}

extension Recipe {
  /// The rows it trains on and is tested on: read or made, and without bad rows where it drops them.
  /// - Throws: `KeelError` where they cannot be read.
  public func parts() throws -> Parts {
    droppingBadRows(of: try data.member.load(from: folder.path, seed: seed))
  }

  /// The rows that are left of others; once dropped, what is left is not judged anew.
  package func droppingBadRows(of parts: Parts) -> Parts {
    guard training.badRows == .drop, parts.train.leftOut == 0 else { return parts }
    var parts = parts
    parts.train = parts.train.leavingOut(outliers(in: parts.train).rows)
    return parts
  }

  /// Rows with numbers far outside the rest; ids of tokens and of classes are no numbers.
  package func outliers(in examples: Examples) -> Outliers {
    Outliers(examples, inputs: vocabulary == nil, targets: !loss.member.isOverClasses)
  }
}
