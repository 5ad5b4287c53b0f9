import KeelEngine

/// Rows in memory: inputs, and a target for each.
public struct Examples: Sendable {
  /// Row-major, `count` × `shape.count`.
  public var inputs: [Float]
  /// One row of inputs.
  public var shape: Shape
  /// What each row should give.
  public var targets: Targets
  /// What the input columns are called, if they have names.
  public var columns: [String]?
  /// Whether all inputs share one unit (pixels do): they are then standardised together, by one
  /// mean and one deviation, and not column by column.
  public var isHomogeneous = false
  /// Where the rows come from, and what the first of them is called there, for messages.
  package var source = (name: "data", firstRow: 1)
  /// Which of the source's rows these are, where some were left out; in order, from 0.
  private var kept: [Int]?
  /// How many of the source's rows were left out.
  package private(set) var leftOut = 0

  /// What the file that the rows come from calls a row (its header is row 1); elsewhere they count
  /// from 1.
  public func number(ofRow row: Int) -> Int { source.firstRow + (kept?[row] ?? row) }

  /// A row as messages name it: `train.csv, row 12`.
  package func place(ofRow row: Int) -> String { "\(source.name), row \(number(ofRow: row))" }

  public init(inputs: [Float], shape: Shape, targets: Targets, columns: [String]? = nil) {
    precondition(inputs.count == targets.count * shape.count, "as many rows as targets")
    self.inputs = inputs
    self.shape = shape
    self.targets = targets
    self.columns = columns
  }

  /// Rows of numbers and rows of target numbers.
  /// - Throws: `KeelError` where the rows are ragged, or the counts differ.
  public init(inputs: [[Float]], targets: [[Float]]) throws {
    try Self.check(inputs, targets.count)
    let width = targets.first?.count ?? 0
    if let row = targets.firstIndex(where: { $0.count != width }) {
      throw KeelError(
        .invalid, at: "targets[\(row)]", "has \(targets[row].count) columns, row 0 has \(width)",
        fix: "give every row the same columns")
    }
    self.init(
      inputs: inputs.flatMap { $0 }, shape: Shape(inputs.first?.count ?? 0),
      targets: Targets(values: .numbers(targets.flatMap { $0 }), columns: width))
  }

  /// Rows of numbers and a class for each, counted from 0.
  /// - Throws: `KeelError` where the rows are ragged, or the counts differ.
  public init(inputs: [[Float]], classes: [Int]) throws {
    try Self.check(inputs, classes.count)
    self.init(
      inputs: inputs.flatMap { $0 }, shape: Shape(inputs.first?.count ?? 0),
      targets: Targets(values: .classes(classes.map(Int32.init)), columns: 1))
  }

  /// Rows of numbers and, for each, a class at every position of the output, counted from 0.
  /// - Throws: `KeelError` where the rows are ragged, or the counts differ.
  public init(inputs: [[Float]], classes: [[Int]]) throws {
    try Self.check(inputs, classes.count)
    let positions = classes[0].count
    if let row = classes.firstIndex(where: { $0.count != positions || $0.isEmpty }) {
      throw KeelError(
        .invalid, at: "classes[\(row)]",
        "has \(classes[row].count) positions, row 0 has \(positions)",
        fix: "give every row the same positions, at least one")
    }
    self.init(
      inputs: inputs.flatMap { $0 }, shape: Shape(inputs[0].count),
      targets: Targets(
        values: .classes(classes.flatMap { $0.map(Int32.init) }), columns: 1, positions: positions))
  }

  private static func check(_ inputs: [[Float]], _ targets: Int) throws {
    let width = inputs.first?.count ?? 0
    if let row = inputs.firstIndex(where: { $0.count != width }) {
      throw KeelError(
        .invalid, at: "inputs[\(row)]", "has \(inputs[row].count) columns, row 0 has \(width)",
        fix: "give every row the same columns")
    }
    guard inputs.count == targets, !inputs.isEmpty, width > 0 else {
      throw KeelError(
        .invalid, at: "inputs", "\(inputs.count) rows of inputs, \(targets) of targets",
        fix: "give one target for each row, and at least one row of at least one number")
    }
  }

  /// The number of rows.
  public var count: Int { targets.count }

  /// The rows of a range, in order.
  public func rows(_ range: Range<Int>) -> Examples {
    var part = self
    part.inputs = Array(inputs[range.lowerBound * shape.count..<range.upperBound * shape.count])
    part.targets = targets.rows(range)
    if let kept {
      part.kept = Array(kept[range])
    } else {
      part.source.firstRow += range.lowerBound
    }
    return part
  }

  /// The same rows without some of them.
  package func leavingOut(_ rows: [Int]) -> Examples {
    let out = Set(rows)
    let left = (0..<count).filter { !out.contains($0) }
    var result = self
    let width = shape.count
    result.inputs = left.flatMap { inputs[$0 * width..<($0 + 1) * width] }
    result.targets = targets.reordered(left.map(Int32.init))
    result.kept = left.map { kept?[$0] ?? $0 }
    result.leftOut += count - left.count
    return result
  }

  /// The same rows in random order.
  package func shuffled(_ random: inout Random) -> Examples {
    var order = [Int32](repeating: 0, count: count)
    random.permute(&order)
    var result = self
    let width = shape.count
    for (row, source) in order.enumerated() {
      for column in 0..<width {
        result.inputs[row * width + column] = inputs[Int(source) * width + column]
      }
    }
    result.targets = targets.reordered(order)
    return result
  }
}
