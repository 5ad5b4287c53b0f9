/// A part of one parameter that a thread measures or changes by itself: the same for any number of
/// threads.
package struct Slice: Sendable {
  /// Its place among the plan's parameters.
  package let parameter: Int
  /// Elements of the parameter.
  package let range: Range<Int>

  /// Tens of microseconds of work, and a whole number of the blocks that kernels measure.
  fileprivate static let length = 1 << 15
}

extension Plan {
  /// Whether there are enough parameters for a second thread to be worth waking, which takes as
  /// long as measuring half of so many.
  package var sharesParameters: Bool { count(.parameters) > 16 * Slice.length }

  /// All parameters in slices, in plan order.
  package var slices: [Slice] {
    parameters.enumerated().flatMap { index, parameter in
      stride(from: 0, to: parameter.buffer.count, by: Slice.length).map { start in
        Slice(
          parameter: index,
          range: start..<min(start + Slice.length, parameter.buffer.count))
      }
    }
  }
}
