import Foundation
import KeelEngine

extension Double {
  /// The number as a recipe writes it: `4`, `1.5`.
  var formatted: String { self == rounded() ? String(Int(self)) : String(self) }
}

/// Draws of the generator, each set of seeds from streams of its own.
package struct Dice {
  private var random: Random

  package init(seed: UInt64, stream: String) { random = Random(seed: seed, stream: stream) }

  package mutating func uniform(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * random.uniform()
  }

  /// Uniform in the logarithm, rounded to two digits, so that recipes stay readable.
  package mutating func log(_ low: Double, _ high: Double) -> Double {
    Self.rounded(low * pow(high / low, random.uniform()))
  }

  /// A whole number, both ends included.
  package mutating func integer(_ low: Int, _ high: Int) -> Int {
    low + Int(random.next() % UInt64(high - low + 1))
  }

  package mutating func chance(_ share: Double) -> Bool { random.uniform() < share }

  package mutating func pick<T>(_ choices: [T]) -> T { choices[integer(0, choices.count - 1)] }

  package mutating func normal() -> Double { random.normal() }

  /// Two significant digits.
  package static func rounded(_ value: Double) -> Double {
    guard value.isFinite, value != 0 else { return value }
    let unit = pow(10, floor(log10(abs(value))) - 1)
    return Double(String(format: "%.1e", (value / unit).rounded() * unit)) ?? value
  }
}
