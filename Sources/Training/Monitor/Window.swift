import Foundation

/// A robust picture of the recent past: how far a value is from what has been usual.
///
/// **Definition** score(x) = (log₁₀ x − median)/max(1.4826·MAD, `floor`) over the last `capacity`
/// values that were admitted. A value is scored before it is admitted. Infinity and NaN score +∞
/// and are never admitted, so they cannot blind the window.
///
/// **References** Median and MAD: Huber, *Robust statistics*, 1981; the normal consistency factor
/// 1.4826 = 1/Φ⁻¹(3/4).
package struct Window {
  package static let capacity = 64
  /// Fewer values than this tell nothing; the score is then 0.
  package static let least = 16
  /// The smallest deviation that is believed, in decades: gradient norms that agree to 7 % are
  /// alike.
  package static let floor = 0.03

  /// The admitted values in decades: as they came (a ring), and in order.
  private var ring: [Double]
  private var sorted: [Double]
  private var deviations: [Double]
  private var count = 0
  private var next = 0

  package init() {
    ring = Array(repeating: 0, count: Self.capacity)
    sorted = ring
    deviations = ring
  }

  /// Forgets every value; nothing is allocated.
  package mutating func removeAll() { (count, next) = (0, 0) }

  /// How unusual a value is, in robust standard deviations.
  /// - Parameter value: a norm or a loss, at least 0.
  package mutating func score(_ value: Double) -> Double {
    guard value.isFinite else { return .infinity }
    guard count >= Self.least else { return 0 }
    let median = middle
    let mad = medianDeviation(from: median)
    return (Self.decades(value) - median) / max(1.4826 * mad, Self.floor)
  }

  /// The median of what was admitted; 0 where nothing was.
  package var median: Double { count == 0 ? 0 : pow(10, middle) }

  /// The median in decades.
  private var middle: Double { (sorted[(count - 1) / 2] + sorted[count / 2]) / 2 }

  /// Takes a value in, if it is finite; the oldest of a full window leaves.
  package mutating func admit(_ value: Double) {
    guard value.isFinite else { return }
    let new = Self.decades(value)
    var end = count
    if count == Self.capacity {
      var place = 0
      while sorted[place] != ring[next] { place += 1 }
      while place + 1 < count {
        sorted[place] = sorted[place + 1]
        place += 1
      }
      end = count - 1
    } else {
      count += 1
    }
    while end > 0, sorted[end - 1] > new {
      sorted[end] = sorted[end - 1]
      end -= 1
    }
    sorted[end] = new
    ring[next] = new
    next = (next + 1) % Self.capacity
  }

  /// The median of |x − median|, by merging the two ordered halves outwards from the middle.
  private mutating func medianDeviation(from median: Double) -> Double {
    var right = 0
    while right < count, sorted[right] < median { right += 1 }
    var left = right - 1
    for index in 0...count / 2 {
      let below = left >= 0 ? median - sorted[left] : .infinity
      let above = right < count ? sorted[right] - median : .infinity
      deviations[index] = min(below, above)
      if below <= above { left -= 1 } else { right += 1 }
    }
    return (deviations[(count - 1) / 2] + deviations[count / 2]) / 2
  }

  /// A norm of 0 counts as the smallest float.
  private static func decades(_ value: Double) -> Double { log10(max(abs(value), 1e-45)) }
}
