import Foundation
import KeelData
import KeelEngine
import KeelSettings

/// Two interleaved half circles in the plane: two classes.
///
/// **Definition** With t at equal steps from 0 to π: (cos t, sin t) for class 0 (⌊n/2⌋ of n rows),
/// (1 − cos t, ½ − sin t) for class 1 (the rest), plus `noise`·N(0, 1) on each coordinate. As
/// scikit-learn's `make_moons`, shuffled.
///
/// **Shapes** Inputs [2]; classes 0 and 1.
public struct Moons: Dataset {
  public static let name = "moons"
  public static let summary = "two interleaved half circles, two classes"
  public static let fields: [Field<Moons>] = [
    .init("samples", \.samples, .atLeast(2), "rows in all"),
    .init("noise", \.noise, .nonNegative, "deviation added to each coordinate"),
    .init("test", \.test, "the last rows: a fraction, or a count"),
  ]
  /// Rows, test part included.
  public var samples = 1000
  /// The deviation of what is added to each point.
  public var noise = 0.1
  /// The last rows, kept apart for testing.
  public var test = TestPart.none

  public init() {}

  public func load(from folder: String, seed: UInt64) throws -> DataSplit {
    try check()
    try checkMemory(samples: samples, numbers: 2)
    var random = Random(seed: seed, stream: "data/moons")
    let upper = samples / 2
    var inputs: [Float] = []
    var labels: [Int32] = []
    for row in 0..<samples {
      let isLower = row >= upper
      let (index, count) = isLower ? (row - upper, samples - upper) : (row, upper)
      let angle = Double.pi * Double(index) / Double(max(count - 1, 1))  // both ends included
      let x = isLower ? 1 - cos(angle) : cos(angle)
      let y = isLower ? 0.5 - sin(angle) : sin(angle)
      inputs.append(Float(x + noise * random.normal()))
      inputs.append(Float(y + noise * random.normal()))
      labels.append(isLower ? 1 : 0)
    }
    let rows = Examples(
      inputs: inputs, shape: Shape(2), targets: Targets(values: .classes(labels), columns: 1))
    return try test.split(rows.shuffled(&random), at: "data.moons")
  }
}

extension Choice where F == Datasets {
  /// `moons: {samples: …, noise: …, test: …}` in a recipe.
  public static func moons(
    samples: Int = 1000, noise: Double = 0.1, test: TestPart = .none
  ) -> Choice {
    var moons = Moons()
    (moons.samples, moons.noise, moons.test) = (samples, noise, test)
    return Choice(moons)
  }
}
