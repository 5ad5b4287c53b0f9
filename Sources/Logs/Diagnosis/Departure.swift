import Foundation

/// Where a series left what had been usual, on its way to where the training was lost.
struct Departure: Hashable {
  /// The first step from which on it stayed above.
  let step: Int
  /// Its place among the points of the series.
  let place: Int
  /// The median of the lowest quarter of the values before: what it had come down to.
  let usual: Double

  /// What counts as beyond the usual: at least twice, and five times what two values beside each
  /// other differ by beyond their trend, in logarithms.
  ///
  /// A loss over mini-batches spreads by a tenth or two; a value five times as far out is none of
  /// them. (The spread of the values themselves would count a steady growth as noise.)
  private static let (differences, least) = (5.0, log10(2.0))

  /// - Parameter points: of one series, up to the step that was lost.
  /// - Returns: nil where it never left: it was lost without a warning.
  init?(_ points: [LogSeries.Point]) {
    guard points.count >= 2 else { return nil }
    let sizes = points.map { point in
      point.value.isFinite ? log10(max(abs(point.value), 1e-30)) : .infinity
    }
    let finite = sizes.filter(\.isFinite).sorted()
    guard let usual = finite.prefix(max(1, finite.count / 4)).middle else { return nil }
    let jumps = zip(sizes.dropFirst(), sizes).map { $0 - $1 }.filter(\.isFinite)
    let trend = jumps.middle ?? 0
    let noise = jumps.map { abs($0 - trend) }.middle ?? 0
    let limit = usual + max(Self.least, Self.differences * noise)
    let start = sizes.lastIndex { $0 <= limit }.map { $0 + 1 } ?? 0
    guard start < sizes.count else { return nil }
    step = points[start].step
    place = start
    self.usual = pow(10, usual)
  }
}

extension Collection<Double> {
  /// The median; nil of none.
  var middle: Double? {
    let sorted = sorted()
    return sorted.isEmpty ? nil : sorted[sorted.count / 2]
  }
}
