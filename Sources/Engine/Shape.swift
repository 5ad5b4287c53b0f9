/// The extents of one row of a tensor (the batch axis is never part of it), or of a parameter.
///
/// A scalar has no axes and one element. No axis is empty.
public struct Shape: Hashable, Sendable, CustomStringConvertible {
  /// The extent of each axis; the numbers of the last one lie side by side.
  public let axes: [Int]

  public init(_ axes: [Int]) { self.axes = axes }
  public init(_ axes: Int...) { self.axes = axes }

  /// The number of elements; `Int.max` where it does not fit, so that a planner refuses it.
  public var count: Int { Self.product(axes[...]) }

  /// The extent of the last axis, the one `dense` acts on; 1 for a scalar.
  public var last: Int { axes.last ?? 1 }

  /// How many vectors of length `last` one row holds.
  public var leading: Int { Self.product(axes.dropLast()) }

  /// Of a slice, so that a training step may ask without taking memory.
  private static func product(_ axes: ArraySlice<Int>) -> Int {
    axes.reduce(1) { total, axis in
      let (product, overflow) = total.multipliedReportingOverflow(by: axis)
      return overflow ? .max : product
    }
  }

  /// The same shape with another last axis.
  public func replacingLast(with extent: Int) -> Shape { Shape(axes.dropLast() + [extent]) }

  /// The extents, as messages write them: `28 × 28 × 1`.
  public var description: String { axes.map(String.init).joined(separator: " × ") }
}
