/// How large the numbers of a training part are, before any standardisation.
public struct DataSummary: Hashable, Sendable {
  /// One block of columns.
  public struct Block: Hashable, Sendable {
    /// The root mean square of all its numbers.
    public let rms: Double
    /// The largest magnitude, and where it stands; row and column count from 0.
    public let largest: Double
    public let row: Int
    public let column: Int
    /// Whether a column never changes, so that it cannot be standardised.
    public let hasConstantColumn: Bool
  }

  public let inputs: Block
  /// Nil where the targets are classes.
  public let targets: Block?
  /// The least and the greatest target; nil where they are classes.
  public let targetRange: ClosedRange<Float>?
  /// Columns of targets; 1 for classes.
  public let targetColumns: Int

  /// - Parameter outliers: rows that are not counted; the rest tells how large the data are.
  public init(_ examples: Examples, leavingOut outliers: [Int] = []) {
    let examples = outliers.isEmpty ? examples : examples.leavingOut(outliers)
    inputs = Block(
      examples.inputs, columns: examples.isHomogeneous ? 1 : examples.shape.count, outliers)
    targetColumns = examples.targets.columns
    guard case .numbers(let numbers) = examples.targets.values else {
      (targets, targetRange) = (nil, nil)
      return
    }
    targets = Block(numbers, columns: examples.targets.columns, outliers)
    targetRange = numbers.min().flatMap { low in numbers.max().map { low...$0 } }
  }
}

extension DataSummary.Block {
  /// - Parameter outliers: rows that were left out, in order.
  init(_ values: [Float], columns: Int, _ outliers: [Int]) {
    var (squares, largest, index) = (0.0, Float(0), 0)
    for (position, value) in values.enumerated() {
      squares += Double(value) * Double(value)
      if abs(value) > largest { (largest, index) = (abs(value), position) }
    }
    rms = (squares / Double(max(1, values.count))).squareRoot()
    self.largest = Double(largest)
    row = outliers.reduce(index / columns) { $1 <= $0 ? $0 + 1 : $0 }
    column = index % columns
    hasConstantColumn = (0..<columns).contains { column in
      stride(from: column, to: values.count, by: columns).allSatisfy {
        values[$0] == values[column]
      }
    }
  }
}
