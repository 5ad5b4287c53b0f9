import Foundation

/// Rows with a number far outside the rest of its column.
///
/// **Definition** A number's distance from the median of its column, over the column's usual
/// distance: the root mean square of the nine tenths smallest distances that are not zero. A column
/// of mostly zeros has a scale that way, and outliers do not stretch it. Beyond `limit` it is
/// outlying; NaN and infinity always are. Pixels count as one column.
///
/// **References** Trimmed and median-based scales: Huber, *Robust statistics*, 1981, §5.
public struct Outliers: Hashable, Sendable {
  /// One number far outside.
  public struct Value: Hashable, Sendable {
    /// The row, counted from 0.
    public let row: Int
    /// The column of the inputs, or of the targets, counted from 0.
    public let column: Int
    /// Whether the column is one of the targets, not of the inputs.
    public let isTarget: Bool
    /// In the units of the data.
    public let value: Float
    /// The distance from the column's median; infinite for what is no number.
    public let distance: Double
    /// The column's usual distance; infinite where too few numbers differ to tell.
    public let usual: Double

    package init(
      row: Int, column: Int, isTarget: Bool, value: Float, distance: Double, usual: Double
    ) {
      (self.row, self.column, self.isTarget) = (row, column, isTarget)
      (self.value, self.distance, self.usual) = (value, distance, usual)
    }

    var ratio: Double { distance.isFinite ? distance / usual : .infinity }
  }

  /// The rows that hold one, in order; they count from 0.
  public let rows: [Int]
  /// The one furthest out; nil where there is none.
  public let worst: Value?

  /// In nine real data sets nothing is further than 18 usual distances from its median (Adult's
  /// sampling weight); at the reference point nothing explodes for an entry of 10 standard
  /// deviations, 13 of these, and some networks do for one of 30.
  public static let limit = 25.0
  /// More rows than this share are no exception but a heavy tail.
  public static let share = 0.1

  /// - Parameters:
  ///   - inputs: false where they are tokens, whose sizes mean nothing.
  ///   - targets: false where they are classes, written as numbers.
  public init(_ examples: Examples, inputs: Bool = true, targets: Bool = true) {
    var rows: Set<Int> = []
    var worst: Value?
    func look(_ numbers: [Float], width: Int, columns: Int, isTarget: Bool) {
      for column in 0..<columns {
        let count = numbers.count / columns
        let scale = Scale(count) { numbers[column + $0 * columns] }
        for index in 0..<count {
          let number = numbers[column + index * columns]
          let distance = number.isFinite ? abs(Double(number) - scale.median) : .infinity
          guard !number.isFinite || distance > Self.limit * scale.usual else { continue }
          let row = (column + index * columns) / width
          rows.insert(row)
          let value = Value(
            row: row, column: (column + index * columns) % width, isTarget: isTarget,
            value: number, distance: distance, usual: scale.usual)
          if value.ratio > worst?.ratio ?? 0 { worst = value }
        }
      }
    }
    if inputs {
      let width = examples.shape.count
      look(
        examples.inputs, width: width, columns: examples.isHomogeneous ? 1 : width,
        isTarget: false)
    }
    if targets, case .numbers(let numbers) = examples.targets.values {
      let columns = examples.targets.columns
      look(numbers, width: columns, columns: columns, isTarget: true)
    }
    let isFew = Double(rows.count) <= Self.share * Double(examples.count)
    (self.rows, self.worst) = isFew ? (rows.sorted(), worst) : ([], nil)
  }

  private init() { (rows, worst) = ([], nil) }

  /// Of rows that are not at hand: the one that somebody else found.
  package init(_ worst: Value?) { (rows, self.worst) = (worst.map { [$0.row] } ?? [], worst) }

  /// What rows have that were freed of them.
  package static let none = Outliers()

  /// What is usual in a column.
  private struct Scale {
    let median: Double
    /// Infinite where fewer than ten numbers differ from the median: they tell nothing.
    let usual: Double

    /// As many numbers tell it within a hundredth.
    private static let sample = 1 << 16

    init(_ count: Int, _ number: (Int) -> Float) {
      let stride = max(1, count / Self.sample)
      let numbers = Swift.stride(from: 0, to: count, by: stride).map(number).filter(\.isFinite)
      let median = numbers.median.map(Double.init) ?? 0
      let distances = numbers.map { abs(Double($0) - median) }.filter { $0 > 0 }.sorted()
      let most = distances[..<(distances.count * 9 / 10)]
      let square = most.reduce(0) { $0 + $1 * $1 } / Double(max(1, most.count))
      (self.median, usual) = (median, distances.count < 10 ? .infinity : square.squareRoot())
    }
  }
}
