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
    if let columns, columns.count != width {
      throw KeelError(
        .invalid, at: "\(place).columns", "\(columns.count) names for \(width) columns of inputs",
        fix: "name every column, or none")
    }
    if let names = targets.names, let wrong = targets.fault(of: names) {
      throw KeelError(
        .invalid, at: "\(place).targets", wrong, fix: "name every class, or every column, or none")
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
    guard own == others else { return "a row has \(own) targets, one to train on \(others)" }
    func differ(_ a: [String]?, _ b: [String]?) -> Bool { a != nil && b != nil && a != b }
    if differ(columns, other.columns) { return "the input columns have other names" }
    return differ(targets.names, other.targets.names) ? "the targets have other names" : nil
  }
}

extension Targets {
  fileprivate var areClasses: Bool {
    if case .classes = values { true } else { false }
  }

  /// What is wrong with names for them; nil where nothing is.
  fileprivate func fault(of names: [String]) -> String? {
    switch values {
    case .numbers:
      return names.count == columns ? nil : "\(names.count) names for \(columns) columns"
    case .classes(let classes):
      let nameless = classes.first { !names.indices.contains(Int($0)) }
      return nameless.map { "class \($0) is none of the \(names.count) that have a name" }
    }
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
