/// Where the gradient of a signal lies, in floats: at `start`, and from there on so many for each
/// row of the batch before those in use, and for each row in use.
struct Placement: Hashable, Sendable {
  let start: Int
  var perRowBefore = 0
  var perRowInUse = 0
}

/// Where the gradients of all signals lie.
///
/// A gradient is needed from the first kernel of a backward pass that writes it to the one whose
/// output it belongs to; those that are never needed together share memory. Those that a segment
/// in parts has to itself lie part by part, each part in a piece of its own, for parts are at
/// different kernels at the same time; the others lie row by row for the whole batch.
struct Placements: Sendable {
  let all: [Placement]
  /// Floats of the whole region.
  let floats: Int

  /// A gradient and the operations, counted in forward order, that it is needed for.
  private struct Lifetime {
    let index: Int
    let floats: Int
    let operations: ClosedRange<Int>
  }

  /// - Parameters:
  ///   - counts: floats a row of each gradient.
  ///   - output: that of the network, whose gradient the loss writes.
  ///   - keepsAll: whether every gradient is still there after a backward pass.
  init(
    _ counts: [Int], _ operations: [Plan.Operation], _ segments: [Segment], output: Signal,
    capacity: Int, keepsAll: Bool
  ) {
    let uses = Self.uses(counts.count, operations, output)
    let inParts = segments.filter(\.isInParts).map(\.operations)
    var own: [[Lifetime]] = inParts.map { _ in [] }
    var shared: [Lifetime] = []
    for (index, count) in counts.enumerated() {
      let use = keepsAll ? nil : uses[index]
      let owner = use.flatMap { use in
        inParts.firstIndex { $0.contains(use.lowerBound) && $0.contains(use.upperBound) }
      }
      if let use, let owner {
        own[owner].append(Lifetime(index: index, floats: Buffer.padded(count), operations: use))
      } else {
        shared.append(
          Lifetime(
            index: index, floats: Buffer.padded(count * capacity),
            operations: use.map { Self.wholeSegments($0, inParts) } ?? 0...operations.count))
      }
    }
    var all = counts.map { Placement(start: 0, perRowBefore: $0) }
    let (places, extent) = Self.pack(shared)
    for (index, place) in places {
      all[index] = Placement(start: place, perRowBefore: counts[index])
    }
    let packed = own.map(Self.pack)
    let row = packed.map(\.extent).max() ?? 0
    for (index, place) in packed.flatMap(\.places) {
      all[index] = Placement(start: extent, perRowBefore: row, perRowInUse: place)
    }
    (self.all, floats) = (all, extent + row * capacity)
  }

  /// Where each gradient is used; nil of those that nobody writes, which stay 0, and of those that
  /// no operation names.
  private static func uses(
    _ count: Int, _ operations: [Plan.Operation], _ output: Signal
  ) -> [ClosedRange<Int>?] {
    var uses = [ClosedRange<Int>?](repeating: nil, count: count)
    func use(_ signal: Signal, _ index: Int) {
      guard let number = signal.gradient?.offset else { return }
      let use = uses[number] ?? index...index
      uses[number] = min(use.lowerBound, index)...max(use.upperBound, index)
    }
    for (index, operation) in operations.enumerated() {
      for signal in operation.inputs + operation.inner { use(signal, index) }
    }
    use(output, operations.count)
    for (index, operation) in operations.enumerated()
    where operation.output.gradient.flatMap({ uses[$0.offset] }) != nil {
      use(operation.output, index)
    }
    return uses
  }

  /// With all of the segments in parts that it reaches into: one part is through when another one
  /// begins.
  private static func wholeSegments(
    _ use: ClosedRange<Int>, _ inParts: [Range<Int>]
  ) -> ClosedRange<Int> {
    let first = inParts.first { $0.contains(use.lowerBound) }?.lowerBound ?? use.lowerBound
    let last = inParts.first { $0.contains(use.upperBound) }.map { $0.upperBound - 1 }
    return first...(last ?? use.upperBound)
  }

  /// The largest first, each as far to the front as those allow that are needed at the same time.
  private static func pack(_ lifetimes: [Lifetime]) -> (places: [(Int, Int)], extent: Int) {
    /// By place.
    var placed: [(place: Int, lifetime: Lifetime)] = []
    for next in lifetimes.sorted(by: { ($0.floats, $0.index) > ($1.floats, $1.index) }) {
      var place = 0
      for other in placed where other.lifetime.operations.overlaps(next.operations) {
        if place + next.floats <= other.place { break }
        place = max(place, other.place + other.lifetime.floats)
      }
      placed.insert((place, next), at: placed.firstIndex { $0.place > place } ?? placed.count)
    }
    return (
      placed.map { ($0.lifetime.index, $0.place) },
      placed.map { $0.place + $0.lifetime.floats }.max() ?? 0
    )
  }
}
