/// A series of values by step: one value every `stride` steps.
package struct StepSeries: Equatable, Sendable {
  package let values: [Float]
  package let first: Int
  package let stride: Int

  package init(_ values: [Float], first: Int = 0, stride: Int = 1) {
    (self.values, self.first, self.stride) = (values, first, max(1, stride))
  }

  /// The step of a value.
  package func step(_ index: Int) -> Int { first + index * stride }

  /// The step of the last value; one before the first where there is none.
  package var last: Int { step(values.count - 1) }

  /// The least and the largest of the values that are finite and above zero.
  var positiveExtent: ClosedRange<Double>? {
    var (least, largest) = (Float.infinity, -Float.infinity)
    for value in values where value > 0 && value < .infinity {
      if value < least { least = value }
      if value > largest { largest = value }
    }
    return least <= largest ? Double(least)...Double(largest) : nil
  }
}

extension ClosedRange<Double> {
  /// The range from the least to the largest of several.
  static func union(_ ranges: [ClosedRange<Double>?]) -> ClosedRange<Double>? {
    ranges.compactMap { $0 }.reduce(nil) { whole, range in
      guard let whole else { return range }
      return Swift.min(
        whole.lowerBound, range.lowerBound)...Swift.max(whole.upperBound, range.upperBound)
    }
  }
}
