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

  /// Multiply-adds that are worth a second thread: about 20 µs of one.
  private static let leastWork = 0x1p20

  /// Cuts a plan's operations into segments: those in parts are as long as they can be.
  /// - Parameters:
  ///   - rows: of the largest batch.
  ///   - work: multiply-adds of an operation, a row.
  ///   - room: floats for the gradients of a segment's parameters.
  static func all(
    of operations: [Plan.Operation], rows: Int, work: (Plan.Operation) -> Double, room: Int
  ) -> [Segment] {
    /// Floats of gradients that an operation in parts computes; nil where it cannot be one.
    func gradients(_ operation: Plan.Operation) -> Int? {
      let count = operation.parameters.reduce(0) { $0 + Buffer.padded($1.count) }
      return operation.kernel.isRowwise && operation.shared.isEmpty && count <= room ? count : nil
    }
    var segments: [Segment] = []
    var start = 0
    while start < operations.count {
      let isRowwise = gradients(operations[start]) != nil
      var (end, total) = (start, 0)
      while end < operations.count {
        let count = gradients(operations[end])
        guard (count != nil) == isRowwise, total + (count ?? 0) <= room else { break }
        total += count ?? 0
        end += 1
      }
      segments.append(
        Segment(
          start..<end, of: operations, isRowwise: isRowwise,
          work: operations[start..<end].reduce(0) { $0 + work($1) } * Double(rows)))
      start = end
    }
    return segments
  }

  private init(
    _ range: Range<Int>, of operations: [Plan.Operation], isRowwise: Bool, work: Double
  ) {
    self.operations = range
    let gradients = operations[range].gradients
    isInParts = isRowwise && work >= Self.leastWork && gradients != nil
    self.gradients = gradients ?? 0..<0
  }
}

extension ArraySlice<Plan.Operation> {
  /// Where the gradients of all parameters lie; nil where there are others between them.
  fileprivate var gradients: Range<Int>? {
    let buffers = Set(flatMap(\.parameters)).sorted { $0.offset < $1.offset }
    guard let first = buffers.first, let last = buffers.last else { return 0..<0 }
    let isWhole = zip(buffers, buffers.dropFirst()).allSatisfy { $0.end == $1.offset }
    return isWhole ? first.offset..<last.offset + last.count : nil
  }
}
