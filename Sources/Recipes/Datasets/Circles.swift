import Foundation
import KeelData
import KeelEngine
import KeelSettings

/// A small circle inside a large one, in the plane: two classes.
///
/// **Definition** Points at equal angles on a circle of radius 1 (class 0, ⌊n/2⌋ of n rows) and on
/// one of radius `factor` (class 1, the rest), plus `noise`·N(0, 1) on each coordinate. As
/// scikit-learn's `make_circles`, shuffled.
///
/// **Shapes** Inputs [2]; classes 0 and 1.
public struct Circles: Dataset {
  public static let name = "circles"
  public static let summary = "a small circle inside a large one, two classes"
  public static let fields: [Field<Circles>] = [
    .init("samples", \.samples, .atLeast(2), "rows in all"),
    .init("noise", \.noise, .nonNegative, "deviation added to each coordinate"),
    .init(
      "factor", \.factor,
      NumberRange(minimum: 0, maximum: 1, includesMinimum: false, includesMaximum: false),
      "radius of the inner circle; the outer has 1"),
    .init("test", \.test, "the last rows: a fraction, or a count"),
  ]
  /// Rows, test part included.
  public var samples = 1000
  /// The deviation of what is added to each point.
  public var noise = 0.1
  /// The radius of the inner circle; the outer one has 1.
  public var factor = 0.5
  /// The last rows, kept apart for testing.
  public var test = TestPart.none

  public init() {}

  public func load(from folder: String, seed: UInt64) throws -> DataSplit {
    try check()
    try checkMemory(samples: samples, numbers: 2)
    var random = Random(seed: seed, stream: "data/circles")
    let outer = samples / 2
    var inputs: [Float] = []
    var labels: [Int32] = []
    for row in 0..<samples {
      let isInner = row >= outer
      let turn =
        isInner ? Double(row - outer) / Double(samples - outer) : Double(row) / Double(outer)
      let radius = isInner ? factor : 1
      inputs.append(Float(radius * cos(2 * Double.pi * turn) + noise * random.normal()))
      inputs.append(Float(radius * sin(2 * Double.pi * turn) + noise * random.normal()))
      labels.append(isInner ? 1 : 0)
    }
    let rows = Examples(
      inputs: inputs, shape: Shape(2), targets: Targets(values: .classes(labels), columns: 1))
    return try test.split(rows.shuffled(&random), at: "data.circles")
  }
}

extension Choice where F == Datasets {
  /// `circles: {samples: …, noise: …, factor: …, test: …}` in a recipe.
  public static func circles(
    samples: Int = 1000, noise: Double = 0.1, factor: Double = 0.5, test: TestPart = .none
  ) -> Choice {
    var circles = Circles()
    (circles.samples, circles.noise) = (samples, noise)
    (circles.factor, circles.test) = (factor, test)
    return Choice(circles)
  }
}
