/// Dense layers in a row, counted from 1, that get the same line.
package struct DenseRun {
  package let line: String
  package internal(set) var range: ClosedRange<Int>

  /// The one layer by name, or the first and the last: `dense-1 to dense-6`.
  package var names: String {
    range.count == 1
      ? "dense-\(range.lowerBound)" : "dense-\(range.lowerBound) to dense-\(range.upperBound)"
  }
}
