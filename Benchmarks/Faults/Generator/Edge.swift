/// Where a factor begins to spoil a twin: measured by trainings, by strides and then by bisection.
package struct Edge: Codable, Hashable, Sendable {
  /// The largest value that was seen to train, and the least that was not.
  package let holds: Double
  package let fails: Double
  package let trainings: Int

  /// Between the two, in the logarithm.
  package var value: Double { (holds * fails).squareRoot() }

  /// Values from stride to stride, and how close the two must come.
  private static let stride = 4.0
  private static let resolution = 1.25

  /// - Parameter isHealthy: trains with a value.
  /// - Returns: nil where the first value does not train, or the last still does.
  package init?(
    in range: ClosedRange<Double>, rounded: (Double) -> Double = { $0 },
    isHealthy: (Double) throws -> Bool
  ) rethrows {
    var trainings = 0
    func holds(_ value: Double) throws -> Bool {
      trainings += 1
      return try isHealthy(value)
    }
    var low = range.lowerBound
    guard try holds(low) else { return nil }
    var high = rounded(low * Self.stride)
    while try holds(high) {
      low = high
      high = rounded(low * Self.stride)
      guard high <= range.upperBound else { return nil }
    }
    while high / low > Self.resolution {
      let middle = rounded((low * high).squareRoot())
      guard middle > low, middle < high else { break }
      if try holds(middle) { low = middle } else { high = middle }
    }
    (self.holds, fails, self.trainings) = (low, high, trainings)
  }
}
