import KeelData

// The rows that a recipe trains on.

extension Recipe {
  /// The rows that are left of others; once dropped, what is left is not judged anew.
  package func droppingBadRows(of parts: DataSplit) -> DataSplit {
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
