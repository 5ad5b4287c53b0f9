// Order statistics, by one rule everywhere.

extension Sequence where Element: Comparable {
  /// The element that a share of all lie before: the one at ⌊n·share⌋ in ascending order; nil where
  /// there is none.
  ///
  /// Nine tenths are `quantile(9, of: 10)`. No element may be NaN, which has no place in an order.
  package func quantile(_ numerator: Int, of denominator: Int) -> Element? {
    let ascending = sorted()
    guard !ascending.isEmpty else { return nil }
    return ascending[Swift.min(ascending.count * numerator / denominator, ascending.count - 1)]
  }

  /// The element in the middle; of two the larger.
  package var median: Element? { quantile(1, of: 2) }
}
