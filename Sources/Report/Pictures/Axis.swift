import Foundation

/// A range of values along one side of a panel, and the ticks in it.
package struct Axis: Equatable, Sendable {
  package enum Scale: Sendable { case linear, logarithmic }

  package struct Tick: Equatable, Sendable {
    package let value: Double
    package let label: String
  }

  package let scale: Scale
  /// The ends as values.
  package let low: Double
  package let high: Double
  package let ticks: [Tick]

  /// An axis of steps: ticks at 1, 2 or 5 times a power of ten, with their thousands set apart.
  package init(steps: ClosedRange<Int>) {
    scale = .linear
    low = Double(steps.lowerBound)
    high = Double(max(steps.upperBound, steps.lowerBound + 1))
    let stride = max(1, Self.stride(high - low, ticks: 7))
    ticks = Self.multiples(of: stride, low, high).map {
      Tick(value: $0, label: Numerals.count(Int($0.rounded())))
    }
  }

  /// An axis of binary exponents, with powers of two at its ticks.
  package init(exponents: ClosedRange<Int>) {
    scale = .linear
    (low, high) = (Double(exponents.lowerBound), Double(exponents.upperBound))
    let stride = [4, 8, 16, 32, 64, 128].first { exponents.count / $0 <= 14 } ?? 256
    ticks = exponents.filter { $0.isMultiple(of: stride) }.map {
      Tick(value: Double($0), label: Numerals.power($0, of: 2))
    }
  }

  /// A logarithmic axis of steps from 1.
  package init(logarithmicSteps last: Int) {
    scale = .logarithmic
    let end = Double(max(10, last))
    (low, high) = (1, end)
    let exponents = 0...Int(log10(end))
    ticks = exponents.flatMap { exponent in
      (exponents.count > 4 ? [1] : exponents.count > 2 ? [1, 3] : [1, 2, 5])
        .map { Double($0) * pow(10, Double(exponent)) }
    }.filter { $0 <= end }.map {
      Tick(value: $0, label: Numerals.count(Int($0.rounded())))
    }
  }

  /// A logarithmic axis that holds a range of positive values, with 1, 2 or 5 times a power of ten
  /// as ends, or with powers of ten where it is longer than two of them.
  ///
  /// What is not above zero is at its lower end.
  package init(logarithmic range: ClosedRange<Double>?, ticks most: Int = 6) {
    scale = .logarithmic
    let range = range ?? 0.1...10
    let least = log10(min(max(range.lowerBound, 1e-300), 1e300))
    let largest = log10(min(max(range.upperBound, 1e-300), 1e300))
    let (first, last) = (Int(least.rounded(.down)), Int(largest.rounded(.up)))
    guard largest - least > 2 else {
      let all = (first - 1...last + 1).flatMap { exponent in
        [1, 2, 5].map { pow(10, Double(exponent)) * $0 }
      }
      // A value at an end is inside, however its logarithm is rounded.
      let lower = all.last { $0 <= range.lowerBound * (1 + 1e-9) } ?? all[0]
      let upper = all.first { $0 >= range.upperBound * (1 - 1e-9) && $0 > lower }
      (low, high) = (lower, upper ?? lower * 10)
      let inside = all.filter { $0 >= lower && $0 <= upper ?? lower * 10 }
      ticks = inside.map { Tick(value: $0, label: Numerals.short($0)) }
      return
    }
    (low, high) = (pow(10, Double(first)), pow(10, Double(last)))
    let strides = [1, 2, 3, 5, 10, 20, 50, 100]
    let stride = strides.first { (last - first) / $0 < most } ?? 200
    let exponents = (first...last).filter { $0.isMultiple(of: stride) }
    let isPlain = exponents.allSatisfy { (-2...3).contains($0) }
    ticks = exponents.map {
      let value = pow(10, Double($0))
      return Tick(value: value, label: isPlain ? Numerals.short(value) : Numerals.power($0))
    }
  }

  /// Whether a value is between the ends, and at neither.
  func isInside(_ value: Double) -> Bool { (0.001...0.999).contains(position(value)) }

  /// Where a value is: 0 at the lower end, 1 at the upper; beyond them, at the nearer one.
  package func position(_ value: Double) -> Double {
    switch scale {
    case .linear: return min(max(0, (value - low) / (high - low)), 1)
    case .logarithmic:
      guard value > low else { return 0 }
      guard value < high else { return 1 }
      return (log10(value) - log10(low)) / (log10(high) - log10(low))
    }
  }

  /// The least of 1, 2 and 5 times a power of ten with at most so many of it in a length.
  private static func stride(_ length: Double, ticks: Int) -> Double {
    let rough = length / Double(ticks)
    let power = pow(10, log10(rough).rounded(.down))
    return [1, 2, 5].map { $0 * power }.first { $0 >= rough * 0.999 } ?? 10 * power
  }

  private static func multiples(of stride: Double, _ low: Double, _ high: Double) -> [Double] {
    let first = Int((low / stride).rounded(.up))
    let last = Int((high / stride + 1e-9).rounded(.down))
    return first <= last ? (first...last).map { Double($0) * stride } : []
  }
}
