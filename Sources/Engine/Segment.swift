/// Operations of a plan that follow each other, and are taken together: all rows at once, or a part
/// of the rows after the other, on as many threads as there are.
///
/// Which are taken in parts is decided by the shapes of a plan, never by the number of threads: so
/// results are the same bits whatever their number.
struct Segment: Sendable {
  let operations: Range<Int>
  let isInParts: Bool
  /// Where the gradients of its parameters lie, in floats from the start of their region; empty
  /// where it has none.
  let gradients: Range<Int>
  /// Of all rows of the largest batch in a forward pass, in multiply-adds.
  let work: Double

  /// Multiply-adds that are worth a second thread: about 20 µs of one.
  private static let leastWork = 0x1p20

  /// Cuts a plan's operations into segments: those in parts are as long as they can be.
  /// - Parameters:
  ///   - rows: of the largest batch.
  ///   - work: multiply-adds of an operation, a row.
  ///   - room: floats for the gradients of a segment's parameters, which lie together.
  static func all(
    of operations: [Plan.Operation], rows: Int, work: (Plan.Operation) -> Double, room: Int
  ) -> [Segment] {
    var segments: [Segment] = []
    for (index, operation) in operations.enumerated() {
      let own = operation.kernel.isRowwise ? operation.gradients : nil
      let gradients = own.flatMap { $0.count <= room ? $0 : nil }
      let (isInParts, work) = (gradients != nil, work(operation) * Double(rows))
      if let last = segments.last, last.isInParts == isInParts,
        let joined = last.gradients.joined(gradients ?? 0..<0), joined.count <= room
      {
        segments[segments.count - 1] = Segment(
          operations: last.operations.lowerBound..<index + 1, isInParts: isInParts,
          gradients: joined, work: last.work + work)
      } else {
        segments.append(
          Segment(
            operations: index..<index + 1, isInParts: isInParts, gradients: gradients ?? 0..<0,
            work: work))
      }
    }
    return segments.map(\.ifWorthIt)
  }

  /// Not in parts where all of it is little work.
  private var ifWorthIt: Segment {
    Segment(
      operations: operations, isInParts: isInParts && work >= Self.leastWork,
      gradients: gradients, work: work)
  }
}

extension Plan.Operation {
  /// Where the gradients of its parameters lie; nil where there are others between them, or where
  /// another kernel has written some of them.
  fileprivate var gradients: Range<Int>? {
    guard shared.isEmpty else { return nil }
    let places = parameters.map { $0.offset..<$0.end }.sorted { $0.lowerBound < $1.lowerBound }
    return places.reduce(0..<0) { $0?.joined($1) }
  }
}

extension Range<Int> {
  /// Both as one; nil where neither is empty and they do not meet.
  fileprivate func joined(_ other: Range) -> Range? {
    if isEmpty { return other }
    if other.isEmpty { return self }
    if upperBound == other.lowerBound { return lowerBound..<other.upperBound }
    return other.upperBound == lowerBound ? other.lowerBound..<upperBound : nil
  }
}
