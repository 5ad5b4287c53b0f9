import KeelEngine

/// What a row should give.
public struct Targets: Hashable, Sendable {
  /// The targets of all rows, as numbers or as classes.
  public enum Values: Hashable, Sendable {
    /// Row-major, `columns` a row.
    case numbers([Float])
    /// One class a row, or one a position, row by row; counted from 0.
    case classes([Int32])
  }

  /// The targets of all rows, one row after the other.
  public var values: Values
  /// Numbers a row; 1 for classes.
  public var columns: Int
  /// How many classes a row has, one for each position of the output; 1 for numbers.
  public var positions: Int
  /// What the classes, or the columns, are called.
  public var names: [String]?

  public init(values: Values, columns: Int, positions: Int = 1, names: [String]? = nil) {
    self.values = values
    self.columns = columns
    self.positions = positions
    self.names = names
  }

  /// The number of rows.
  public var count: Int {
    switch values {
    case .numbers(let numbers): columns == 0 ? 0 : numbers.count / columns
    case .classes(let classes): positions == 0 ? 0 : classes.count / positions
    }
  }

  func rows(_ range: Range<Int>) -> Targets {
    func part<Value>(_ values: [Value], _ width: Int) -> [Value] {
      Array(values[range.lowerBound * width..<range.upperBound * width])
    }
    var result = self
    switch values {
    case .numbers(let numbers): result.values = .numbers(part(numbers, columns))
    case .classes(let classes): result.values = .classes(part(classes, positions))
    }
    return result
  }

  func reordered(_ order: [Int32]) -> Targets {
    func moved<Value>(_ values: [Value], _ width: Int) -> [Value] {
      order.flatMap { values[Int($0) * width..<(Int($0) + 1) * width] }
    }
    var result = self
    switch values {
    case .numbers(let numbers): result.values = .numbers(moved(numbers, columns))
    case .classes(let classes): result.values = .classes(moved(classes, positions))
    }
    return result
  }
}
