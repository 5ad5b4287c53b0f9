/// What was logged under one name: values by step, in the order in which they were written.
///
/// However long the log, it keeps no more than `capacity` of them: the newest half one by one, and
/// of older ones, pair by pair, the one that is larger (or not finite); an average would hide a
/// spike. Of a stretch of values that are not finite little is kept.
public struct LogSeries: Sendable {
  /// A value, and the step that it was logged for.
  public struct Point: Hashable, Sendable {
    /// The step that it was logged for.
    public let step: Int
    /// As it was logged: NaN and infinities, too.
    public let value: Double

    public init(step: Int, value: Double) { (self.step, self.value) = (step, value) }
  }

  /// Values that are kept at the most.
  let capacity: Int
  /// Those that are kept, in the order of the log.
  public private(set) var points: [Point] = []
  /// How many were logged.
  public private(set) var count = 0
  /// How many of them are there, or were until older ones were thinned: all but those of long
  /// stretches that are not finite.
  package private(set) var kept = 0
  /// Whether of older ones not all are there.
  package private(set) var isThinned = false
  /// The first that is not finite; nil where all are.
  public private(set) var firstNonFinite: Point?
  /// The first of the newest stretch of values none of which is finite.
  private var lastLost: Point?
  /// Values in that stretch, and finite ones since the first that was not.
  private var (lostRun, back) = (0, 0)
  /// The largest step so far.
  private var last = Int.min
  /// How many are not finite.
  public private(set) var nonFinite = 0
  /// How often the steps went back: another run in the same log, or one that was taken up again.
  public private(set) var returns = 0

  /// What is kept of a stretch of values that are not finite.
  private static let after = 256

  public init(capacity: Int = 1 << 16) { self.capacity = max(16, capacity) }

  /// Where it was lost: the first value that is not finite; or, where it had come back from that,
  /// the first of the newest stretch of such.
  ///
  /// Nil where the newest values are finite again: a loss scaler skips a step now and then.
  public var lost: Point? {
    guard firstNonFinite != nil else { return nil }
    // One or two values that are finite in between are not a training that came back.
    guard back >= 3 else { return firstNonFinite }
    return lostRun == 0 ? nil : lastLost
  }

  /// Adds what was logged next.
  public mutating func add(_ value: Double, at step: Int) {
    count += 1
    if step < last { returns += 1 }
    last = max(last, step)
    if value.isFinite {
      if firstNonFinite != nil { back += 1 }
      lostRun = 0
    } else {
      let point = Point(step: step, value: value)
      if firstNonFinite == nil { firstNonFinite = point }
      if lostRun == 0 { lastLost = point }
      lostRun += 1
      nonFinite += 1
      guard lostRun <= Self.after else { return }
    }
    kept += 1
    points.append(Point(step: step, value: value))
    if points.count == capacity { thin() }
  }

  private mutating func thin() {
    isThinned = true
    let half = capacity / 2
    var thinned: [Point] = []
    thinned.reserveCapacity(capacity)
    for index in stride(from: 0, to: half, by: 2) {
      let (a, b) = (points[index], points[index + 1])
      thinned.append(!a.value.isFinite || (b.value.isFinite && a.value >= b.value) ? a : b)
    }
    thinned += points[half...]
    points = thinned
  }

  /// The values in the order of the log.
  public var values: [Double] { points.map(\.value) }

  /// The value that stood at a step: the newest that was logged for it or before; nil where there
  /// is none.
  public func value(at step: Int) -> Double? {
    var (low, high) = (0, points.count)
    while low < high {
      let middle = (low + high) / 2
      if points[middle].step <= step { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? points[low - 1].value : nil
  }

  /// The usual distance between two steps that were logged; 1 where there are fewer than two.
  public var interval: Int {
    let gaps = zip(points.dropFirst(), points).map { $0.step - $1.step }.filter { $0 > 0 }.sorted()
    return gaps.isEmpty ? 1 : gaps[gaps.count / 2]
  }
}
