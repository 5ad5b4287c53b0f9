/// How large the numbers of a training part are, before any standardisation.
///
/// What is not finite does not count.
public struct DataSummary: Hashable, Sendable {
  /// One block of columns.
  public struct Block: Hashable, Sendable {
    /// The root mean square of all its numbers.
    public let rms: Double
    /// Whether no column ever changes: standardised, nothing is left of it.
    public let isConstant: Bool

    package init(rms: Double, isConstant: Bool = false) {
      (self.rms, self.isConstant) = (rms, isConstant)
    }
  }

  /// The inputs, all columns together.
  public let inputs: Block
  /// Nil where the targets are classes.
  public let targets: Block?
  /// The least and the greatest target; nil where they are classes.
  public let targetRange: ClosedRange<Float>?
  /// Columns of targets; 1 for classes.
  public let targetColumns: Int

  /// Of rows that are not at hand.
  package init(inputs: Block, targets: Block?) {
    (self.inputs, self.targets) = (inputs, targets)
    (targetRange, targetColumns) = (nil, 1)
  }

  /// - Parameter outliers: rows that are not counted; the rest tells how large the data are.
  public init(_ examples: Examples, leavingOut outliers: [Int] = []) {
    let examples = outliers.isEmpty ? examples : examples.leavingOut(outliers)
    inputs = Block(
      examples.inputs, columns: examples.isHomogeneous ? 1 : examples.shape.count)
    targetColumns = examples.targets.columns
    guard case .numbers(let numbers) = examples.targets.values else {
      (targets, targetRange) = (nil, nil)
      return
    }
    targets = Block(numbers, columns: examples.targets.columns)
    let finite = numbers.lazy.filter(\.isFinite)
    targetRange = finite.min().flatMap { low in finite.max().map { low...$0 } }
  }
}

extension DataSummary.Block {
  init(_ values: [Float], columns: Int) {
    var (squares, count) = (0.0, 0)
    for value in values where value.isFinite {
      squares += Double(value) * Double(value)
      count += 1
    }
    rms = (squares / Double(max(1, count))).squareRoot()
    isConstant = (columns..<max(columns, values.count)).allSatisfy {
      values[$0] == values[$0 - columns]
    }
  }
}
