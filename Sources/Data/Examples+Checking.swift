import KeelEngine

// Rows that a program gives: their parts are variables, and may no longer fit each other.

extension Examples {
  /// - Parameter place: what the rows are called in messages.
  /// - Throws: `KeelError` where there are no rows, or not as many inputs as targets.
  package func check(as place: String) throws {
    let width = shape.count
    guard count > 0, width > 0 else {
      throw KeelError(
        .invalid, at: place, "\(count) rows of \(width) numbers",
        fix: "give at least one row of at least one number")
    }
    guard inputs.count == count * width else {
      throw KeelError(
        .invalid, at: "\(place).inputs",
        "\(inputs.count) numbers are not \(count) rows of \(shape), one for each target",
        fix: "give every row \(width) numbers and a target")
    }
    guard targets.isWhole else {
      throw KeelError(
        .invalid, at: "\(place).targets", "the last row is not whole",
        fix: "give every row the same number of targets")
    }
  }

  /// In what these rows differ from others that they should be like; nil where they do not.
  package func difference(from other: Examples) -> String? {
    guard shape == other.shape else {
      return "a row of inputs is \(shape), one to train on \(other.shape)"
    }
    guard targets.areClasses == other.targets.areClasses else {
      return targets.areClasses
        ? "the targets are classes, those to train on numbers"
        : "the targets are numbers, those to train on classes"
    }
    let (own, others) = (targets.perRow, other.targets.perRow)
    return own == others ? nil : "a row has \(own) targets, one to train on \(others)"
  }
}

extension Targets {
  fileprivate var areClasses: Bool {
    if case .classes = values { true } else { false }
  }

  /// Targets a row.
  fileprivate var perRow: Int { areClasses ? positions : columns }

  /// Whether the last row has as many as the others.
  fileprivate var isWhole: Bool {
    switch values {
    case .numbers(let numbers): numbers.count == count * columns
    case .classes(let classes): classes.count == count * positions
    }
  }
}
