import Foundation

/// A share with the 95 % interval of Wilson.
///
/// **References** Wilson, *Probable inference, the law of succession, and statistical inference*,
/// 1927.
package struct Share: Sendable {
  package let part: Int
  package let whole: Int

  package init(_ part: Int, of whole: Int) { (self.part, self.whole) = (part, whole) }

  /// 0 to 1; nil of nothing.
  package var interval: ClosedRange<Double>? {
    guard whole > 0 else { return nil }
    let (n, p, z) = (Double(whole), Double(part) / Double(whole), 1.959964)
    let centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    return max(0, centre - half)...min(1, centre + half)
  }

  /// The share, its interval and what was counted: `97.3 % (95.1–98.5), 389/400`.
  package var text: String {
    guard let interval else { return "–" }
    let percent = 100 * Double(part) / Double(whole)
    return String(
      format: "%.1f %% (%.1f–%.1f), %d/%d", percent, 100 * interval.lowerBound,
      100 * interval.upperBound, part, whole)
  }
}

extension Sequence {
  /// The share of those asked of which something holds.
  func share(_ holds: (Element) -> Bool) -> Share {
    var (part, whole) = (0, 0)
    for element in self {
      whole += 1
      if holds(element) { part += 1 }
    }
    return Share(part, of: whole)
  }
}
