/// A long series as few columns, each with the least and the largest of its values.
///
/// An average would hide a spike of one step among a thousand. What is not finite is kept apart,
/// with its place: neither a gap nor a number. Linear in the count of values.
package struct Envelope: Equatable, Sendable {
  package struct Column: Equatable, Sendable {
    /// Which values it stands for.
    package let indices: Range<Int>
    /// Of the finite values; nil where there are none.
    package let least: Float?
    package let largest: Float?
    /// Whether the least comes before the largest.
    package let isRising: Bool
    /// How many values are not finite.
    package let nonFinite: Int
  }

  /// Where a run of values that are not finite begins: the first such place in its column.
  package struct NonFinite: Equatable, Sendable {
    package let column: Int
    package let index: Int
    /// NaN or an infinity.
    package let value: Float

    package static func == (left: Self, right: Self) -> Bool {
      left.column == right.column && left.index == right.index
        && left.value.bitPattern == right.value.bitPattern
    }
  }

  package let columns: [Column]
  package let marks: [NonFinite]

  /// - Parameter columns: how many at most; there are no more than values.
  package init(_ values: [Float], columns: Int) {
    let count = min(max(1, columns), values.count)
    var made: [Column] = []
    var marks: [NonFinite] = []
    made.reserveCapacity(count)
    values.withUnsafeBufferPointer { values in
      for column in 0..<count {
        let range = Self.indices(of: column, among: count, count: values.count)
        let (summary, start) = Self.summary(of: values, range)
        made.append(summary)
        if let start { marks.append(.init(column: column, index: start, value: values[start])) }
      }
    }
    (self.columns, self.marks) = (made, marks)
  }

  /// Which of so many values stand in a column, where all columns hold the same or one more.
  static func indices(of column: Int, among columns: Int, count: Int) -> Range<Int> {
    (column * count / columns)..<((column + 1) * count / columns)
  }

  /// The column in which a value stands.
  static func column(of index: Int, among columns: Int, count: Int) -> Int {
    ((index + 1) * columns - 1) / count
  }

  /// - Returns: the column, and where in it the first run of non-finite values begins.
  private static func summary(
    of values: UnsafeBufferPointer<Float>, _ range: Range<Int>
  ) -> (Column, Int?) {
    var (least, largest) = (Float.infinity, -Float.infinity)
    var (leastIndex, largestIndex) = (range.lowerBound, range.lowerBound)
    var (nonFinite, start) = (0, -1)
    var isBefore = range.lowerBound > 0 && !values[range.lowerBound - 1].isFinite
    var index = range.lowerBound
    while index < range.upperBound {
      let value = values[index]
      if value.isFinite {
        if value < least { (least, leastIndex) = (value, index) }
        if value > largest { (largest, largestIndex) = (value, index) }
        isBefore = false
      } else {
        nonFinite += 1
        if !isBefore, start < 0 { start = index }
        isBefore = true
      }
      index += 1
    }
    let isEmpty = least > largest
    return (
      Column(
        indices: range, least: isEmpty ? nil : least, largest: isEmpty ? nil : largest,
        isRising: leastIndex <= largestIndex, nonFinite: nonFinite),
      start < 0 ? nil : start
    )
  }
}
