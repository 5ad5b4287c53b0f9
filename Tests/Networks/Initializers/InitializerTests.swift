import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Moments, shapes and bounds of every initializer, and that a seed decides all of it.
@Suite struct InitializerTests {
  static let fan = Fan(input: 400, output: 300)

  static let moments: [InitializerCase] = [
    .init(.normal(), std: 1, .normal),
    .init(.normal(std: 0.02, mean: 3), mean: 3, std: 0.02, .normal),
    .init(.uniform(0.3), std: 0.3 / 3.0.squareRoot(), .uniform),
    .init(.truncatedNormal(std: 2, mean: -1), mean: -1, std: 2 * 0.8796256610342398, .truncated),
    .init(.xavier(), std: (1 / 350.0).squareRoot(), .normal),
    .init(.xavier(mode: .fanIn, scale: 3), std: 3 / 20, .normal),
    .init(.xavier(.uniform), std: (1 / 350.0).squareRoot(), .uniform),
    .init(.he(), std: (2 / 400.0).squareRoot(), .normal),
    .init(.he(.uniform, mode: .fanOut), std: (2 / 300.0).squareRoot(), .uniform),
    .init(.he(mode: .fanAverage, scale: 0.5), std: 0.5 * (2 / 350.0).squareRoot(), .normal),
    .init(.lecun(), std: 1 / 20, .normal), .init(.lecun(.uniform), std: 1 / 20, .uniform),
    .init(.pytorch, std: (1 / 1200.0).squareRoot(), .uniform),
  ]

  /// Mean, deviation and shape within four standard errors of 120,000 draws.
  @Test(arguments: moments, UInt64(0)...2)
  func momentsAreRight(initializer: InitializerCase, seed: UInt64) {
    let values = fill(initializer.choice, seed: seed).map(Double.init)
    let n = Double(values.count)
    let std = initializer.std
    let mean = values.reduce(0, +) / n
    #expect(abs(mean - initializer.mean) < 4 * std / n.squareRoot(), "seed \(seed)")
    let z = values.map { ($0 - initializer.mean) / std }
    let variance = z.reduce(0) { $0 + $1 * $1 } / n
    let kurtosis = initializer.shape.kurtosis
    #expect(abs(variance - 1) < 4 * ((kurtosis - 1) / n).squareRoot(), "seed \(seed)")
    for (distance, share) in initializer.shape.sharesWithin {
      let within = Double(z.count { abs($0) < distance }) / n
      let error = (share * (1 - share) / n).squareRoot()
      #expect(abs(within - share) <= 4 * error, "seed \(seed): within \(distance) deviations")
    }
    #expect(z.allSatisfy { abs($0) <= initializer.shape.bound }, "seed \(seed)")
  }

  @Test(arguments: moments) func seedAndStreamDecide(initializer: InitializerCase) {
    let values = fill(initializer.choice, seed: 9)
    #expect(values == fill(initializer.choice, seed: 9))
    for other in [
      fill(initializer.choice, seed: 10), fill(initializer.choice, seed: 9, stream: "b"),
    ] {
      #expect(values != other)
      let products = zip(values, other).map {
        (Double($0) - initializer.mean) * (Double($1) - initializer.mean)
      }
      let correlation = products.reduce(0, +) / Double(values.count) / pow(initializer.std, 2)
      #expect(abs(correlation) < 4 / Double(values.count).squareRoot())
    }
  }

  /// W Wᵀ = gain²·I where rows are not more than columns, else WᵀW.
  @Test(arguments: [(300, 400), (400, 300), (64, 64), (1, 5), (5, 1)], [1, 0.5, 3.0])
  func orthogonality(extents: (rows: Int, columns: Int), gain: Double) {
    let (rows, columns) = extents
    let w = fill(.orthogonal(gain: gain), seed: 1, Fan(input: columns, output: rows))
    let isTall = rows > columns
    let count = min(rows, columns)
    func element(_ vector: Int, _ place: Int) -> Double {
      Double(isTall ? w[place * columns + vector] : w[vector * columns + place])
    }
    var worst = 0.0
    for a in 0..<count {
      for b in 0...a {
        let product = (0..<max(rows, columns)).reduce(0) { $0 + element(a, $1) * element(b, $1) }
        worst = max(worst, abs(product / (gain * gain) - (a == b ? 1 : 0)))
      }
    }
    #expect(worst < 1e-5)
    #expect(w == fill(.orthogonal(gain: gain), seed: 1, Fan(input: columns, output: rows)))
    #expect(
      rows * columns < 6
        || w != fill(.orthogonal(gain: gain), seed: 2, Fan(input: columns, output: rows)))
  }

  /// Directions are uniform: the first entry of many small matrices has mean 0, variance 1/n.
  @Test func orthogonalMatricesHaveNoPreferredDirection() {
    let count = 4000
    var random = Random(seed: 3, stream: "many")
    var (sum, squares) = (0.0, 0.0)
    var values = [Float](repeating: 0, count: 9)
    for _ in 0..<count {
      values.withUnsafeMutableBufferPointer {
        Choice<Initializers>.orthogonal().member.fill(
          $0, fan: Fan(input: 3, output: 3), random: &random)
      }
      sum += Double(values[0])
      squares += Double(values[0]) * Double(values[0])
    }
    // A coordinate of a uniform direction in space is uniform on ±1.
    #expect(abs(sum / Double(count)) < 4 * (1.0 / 3 / Double(count)).squareRoot())
    #expect(abs(squares / Double(count) - 1.0 / 3) < 4 * (4.0 / 45 / Double(count)).squareRoot())
  }

  @Test(arguments: [(3, 3), (2, 5), (5, 2)]) func identity(rows: Int, columns: Int) {
    let values = fill(.identity, seed: 0, Fan(input: columns, output: rows))
    for row in 0..<rows {
      for column in 0..<columns {
        #expect(values[row * columns + column] == (row == column ? 1 : 0))
      }
    }
  }

  @Test func constants() {
    #expect(fill(.zeros, seed: 0).allSatisfy { $0 == 0 })
    #expect(fill(.constant(-0.25), seed: 0).allSatisfy { $0 == -0.25 })
  }

  private func fill(
    _ choice: Choice<Initializers>, seed: UInt64, _ fan: Fan = Self.fan, stream: String = "a"
  ) -> [Float] {
    var random = Random(seed: seed, stream: stream)
    return [Float](unsafeUninitializedCapacity: fan.input * fan.output) { values, count in
      count = fan.input * fan.output
      let all = UnsafeMutableBufferPointer(rebasing: values[..<count])
      all.initialize(repeating: .nan)
      choice.member.fill(all, fan: fan, random: &random)
    }
  }
}

/// An initializer and what its draws should be.
struct InitializerCase: CustomTestStringConvertible, Sendable {
  enum Shape {
    case normal, uniform, truncated

    /// The fourth moment over the squared variance; 2.3655 for a normal cut at ±2.
    var kurtosis: Double {
      switch self {
      case .normal: 3
      case .uniform: 1.8
      case .truncated: 2.3655
      }
    }

    /// Largest magnitude in deviations.
    var bound: Double {
      switch self {
      case .normal: 6.8
      case .uniform: 3.0.squareRoot() * (1 + 1e-6)
      case .truncated: 2 / 0.8796256610342398 * (1 + 1e-6)
      }
    }

    /// The share of draws within so many deviations of the mean.
    var sharesWithin: [(Double, Double)] {
      switch self {
      case .normal: (1...3).map { (Double($0), erf(Double($0) / 2.0.squareRoot())) }
      case .uniform: [(0.5, 0.5 / 3.0.squareRoot()), (1, 1 / 3.0.squareRoot())]
      case .truncated:
        [0.5, 1, 2].map { z in
          (z, erf(z * 0.8796256610342398 / 2.0.squareRoot()) / erf(2.0.squareRoot()))
        }
      }
    }
  }

  let choice: Choice<Initializers>
  let mean: Double
  let std: Double
  let shape: Shape
  var testDescription: String { choice.written!.line }

  init(_ choice: Choice<Initializers>, mean: Double = 0, std: Double, _ shape: Shape) {
    (self.choice, self.mean, self.std, self.shape) = (choice, mean, std, shape)
  }
}
