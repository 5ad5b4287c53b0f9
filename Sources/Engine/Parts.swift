import CKernels

/// How the rows of a batch are cut, and what of a plan is taken part by part.
///
/// Each part has a lane of memory: first what kernels need during one call, then what the part adds
/// to the gradients of a segment's parameters. The sums are taken in the order of the parts.
struct Parts: Sendable {
  let segments: [Segment]
  /// Floats of a lane, and how many of them come before the gradients.
  let lane, temporaries: Int

  /// What an element-wise kernel takes to read or write a number, in multiply-adds.
  private static let numberWork = 8.0

  /// Parts of so many rows, for as many threads as are worth having.
  ///
  /// Each has a copy of the gradients: eight are faster than sixteen where a part has few rows.
  private static func count(_ rows: Int) -> Int { min(rows, max(8, min(16, rows / 8))) }

  /// Rows of a part; the last may have fewer.
  static func rows(_ rows: Int) -> Int {
    let count = max(1, count(rows))
    return max(1, (rows + count - 1) / count)
  }

  /// Rows of a part of that many or fewer: one of 71 rows has 9, one of 72 has 8.
  static func mostRows(_ rows: Int) -> Int {
    (max(1, rows - 15)...max(1, rows)).reduce(1) { max($0, Self.rows($1)) }
  }

  /// - Parameters:
  ///   - signals: floats of all signals: copies of gradients, one a part, may take half as much.
  ///   - temporaries: floats that each layer's kernels need during one call.
  init(
    _ operations: [Plan.Operation], capacity: Int, weights: Set<Buffer>, signals: Int,
    temporaries: [String: Int]
  ) {
    func work(_ operation: Plan.Operation) -> Double {
      let numbers = (operation.inputs + [operation.output]).reduce(0) { $0 + $1.shape.count }
      return operation.multiplyAdds(of: weights) + Self.numberWork * Double(numbers)
    }
    segments = Segment.all(
      of: operations, rows: capacity > 1 ? capacity : 0, work: work,
      room: signals / 2 / max(1, Self.count(capacity)))
    let inParts = segments.filter(\.isInParts)
    let layers = Set(inParts.flatMap { operations[$0.operations].map(\.layer) })
    self.temporaries = Buffer.padded(layers.compactMap { temporaries[$0] }.max() ?? 0)
    lane = self.temporaries + Buffer.padded(inParts.map(\.gradients.count).max() ?? 0)
  }

  /// Floats of all lanes of a batch of `capacity` rows.
  func lanes(_ capacity: Int) -> Int { Self.count(capacity) * lane }
}

extension Plan {
  /// Computes the output from the input; false if a kernel read a non-finite value.
  public func forward(_ pass: Pass) -> Bool {
    var isFinite = true
    for segment in parts.segments where !take(segment, pass, isForward: true) { isFinite = false }
    return isFinite
  }

  /// Computes every gradient from the output's; false if a kernel read a non-finite value.
  public func backward(_ pass: Pass) -> Bool {
    var isFinite = true
    for segment in parts.segments.reversed() where !take(segment, pass, isForward: false) {
      isFinite = false
    }
    return isFinite
  }

  /// Takes a backward pass on this thread, and shows the memory before and after each operation, by
  /// its place, with the rows that it takes: gradients of signals are there between the operations
  /// that need them alone, those of parameters are so far of these rows.
  package func backwardInOrder(
    _ pass: Pass, before: (Int, Pass) -> Void = { _, _ in },
    after: (Int, Pass) -> Void = { _, _ in }
  ) -> Bool {
    var isFinite = true
    for segment in parts.segments.reversed() {
      let count = parts(of: segment, pass)
      for part in 0..<count {
        let rows = count == 1 ? pass : self.part(part, of: segment, pass, isForward: false)
        for index in segment.operations.reversed() {
          before(index, rows)
          if !operations[index].backward(rows) { isFinite = false }
          after(index, rows)
        }
      }
      if count > 1, !segment.gradients.isEmpty { addGradients(segment, pass, parts: count) }
    }
    return isFinite
  }

  /// The parts in which an operation takes a pass: what a kernel keeps from its forward to its
  /// backward pass lies as each of them laid it.
  package func parts(of pass: Pass, at operation: Int) -> [Pass] {
    let isInParts = parts.segments.contains {
      $0.isInParts && $0.operations.contains(operation)
    }
    let rows = isInParts ? Parts.rows(pass.rows) : pass.rows
    return stride(from: 0, to: pass.rows, by: rows).map { first in
      pass.part(first..<min(first + rows, pass.rows), lane: 0, gradients: nil)
    }
  }

  /// Layers whose kernels are taken in parts, in plan order.
  package var layersInParts: [String] {
    parts.segments.filter(\.isInParts).flatMap { operations[$0.operations].map(\.layer) }
  }

  private func take(_ segment: Segment, _ pass: Pass, isForward: Bool) -> Bool {
    let count = parts(of: segment, pass)
    if isForward {
      for index in segment.operations { operations[index].kernel.prepare(pass) }
    }
    guard count > 1 else {
      return isForward ? forward(segment, pass) : backward(segment, pass)
    }
    let isFinite = withUnsafePointer(to: self) { plan in
      var work = Work(plan: plan, segment: segment, pass: pass, isForward: isForward)
      return keel_parallel(
        count,
        {
          $0.required("work is handed on").assumingMemoryBound(to: Work.self).pointee.take(part: $1)
            ? 1 : 0
        }, &work)
    }
    if !isForward, !segment.gradients.isEmpty { addGradients(segment, pass, parts: count) }
    return isFinite != 0
  }

  /// In how many parts a segment takes a pass.
  private func parts(of segment: Segment, _ pass: Pass) -> Int {
    guard segment.isInParts else { return 1 }
    let rows = Parts.rows(pass.rows)
    return (pass.rows + rows - 1) / rows
  }

  /// A part of a pass, with its lane.
  fileprivate func part(_ index: Int, of segment: Segment, _ pass: Pass, isForward: Bool) -> Pass {
    let rows = Parts.rows(pass.rows)
    let first = index * rows
    let lane = index * parts.lane
    return pass.part(
      first..<min(first + rows, pass.rows), lane: lane,
      gradients: isForward || segment.gradients.isEmpty
        ? nil : lane + parts.temporaries - segment.gradients.lowerBound)
  }

  fileprivate func forward(_ segment: Segment, _ pass: Pass) -> Bool {
    var isFinite = true
    for index in segment.operations where !operations[index].kernel.forward(pass) {
      isFinite = false
    }
    return isFinite
  }

  fileprivate func backward(_ segment: Segment, _ pass: Pass) -> Bool {
    var isFinite = true
    for index in segment.operations.reversed() where !operations[index].backward(pass) {
      isFinite = false
    }
    return isFinite
  }

  private func addGradients(_ segment: Segment, _ pass: Pass, parts count: Int) {
    let (place, length) = (segment.gradients.lowerBound, segment.gradients.count)
    func start(_ region: Region, _ offset: Int) -> UnsafeMutablePointer<Float> {
      pass.memory[Buffer(region: region, offset: offset, count: length, isPerRow: false)]
    }
    keel_sum_lanes(
      start(.lanes, parts.temporaries), parts.lane, count, start(.gradients, place), length)
  }
}

/// A segment of a pass, for threads to take parts of.
private struct Work {
  let plan: UnsafePointer<Plan>
  let segment: Segment
  let pass: Pass
  let isForward: Bool

  func take(part index: Int) -> Bool {
    let part = plan.pointee.part(index, of: segment, pass, isForward: isForward)
    return isForward
      ? plan.pointee.forward(segment, part) : plan.pointee.backward(segment, part)
  }
}
