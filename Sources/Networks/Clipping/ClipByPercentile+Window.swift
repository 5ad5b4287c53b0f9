/// The exact percentile of all norms so far, in logarithmic time a step.
///
/// Two heaps share the norms out: the smallest, up to and with the one at or below the percentile,
/// and the rest. Four bytes a step, taken at the start (a run of more than four million steps takes
/// more on the way, as its trace does).
final class RunningPercentile: NormWindow {
  /// The percentile as a fraction, in [0, 1].
  private let share: Double
  /// Negated, so that the largest is first.
  private var low: Heap
  private var high: Heap

  init(_ share: Double, steps: Int) {
    self.share = share
    let reserved = min(steps, 1 << 22)
    let lowest = Int(share * Double(reserved)) + 2
    low = Heap(capacity: lowest)
    high = Heap(capacity: reserved - min(reserved, lowest) + 4)
  }

  func bound(_ norm: Double) -> Double {
    guard norm.isFinite, let limit = percentile, limit > 0 else { return norm }
    return min(norm, limit)
  }

  /// Nil without any norms.
  var percentile: Double? {
    guard let below = low.first.map({ -Double($0) }) else { return nil }
    let place = share * Double(low.count + high.count - 1)
    guard let above = high.first.map(Double.init) else { return below }
    return below + (place - place.rounded(.down)) * (above - below)
  }

  func admit(_ norm: Double) {
    let norm = Float(norm)
    guard norm.isFinite else { return }
    let target = Int(share * Double(low.count + high.count)) + 1
    if let largest = low.first, norm <= -largest { low.push(-norm) } else { high.push(norm) }
    // With one norm more at most one has to change sides.
    if low.count < target { low.push(-high.pop()) }
    if low.count > target { high.push(-low.pop()) }
  }

  func forget() {
    low.removeAll()
    high.removeAll()
  }
}

/// A binary heap, the smallest first.
struct Heap {
  private var values: [Float] = []

  init(capacity: Int) { values.reserveCapacity(capacity) }

  var count: Int { values.count }
  var first: Float? { values.first }

  mutating func push(_ value: Float) {
    values.append(value)
    var child = values.count - 1
    while child > 0, values[child] < values[(child - 1) / 2] {
      values.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// - Precondition: it is not empty.
  mutating func pop() -> Float {
    values.swapAt(0, values.count - 1)
    let smallest = values.removeLast()
    var parent = 0
    while let child = smallerChild(of: parent), values[child] < values[parent] {
      values.swapAt(child, parent)
      parent = child
    }
    return smallest
  }

  /// Keeps the memory.
  mutating func removeAll() { values.removeAll(keepingCapacity: true) }

  private func smallerChild(of parent: Int) -> Int? {
    let left = 2 * parent + 1
    guard left < values.count else { return nil }
    return left + 1 < values.count && values[left + 1] < values[left] ? left + 1 : left
  }
}
