import Foundation
import KeelData
import KeelEngine
import KeelSettings

/// Points on interleaved spiral arms in the plane, one class an arm.
///
/// **Definition** Arm k of K: radius r uniform in (0, 1], angle 2πk/K + 4r, plus `noise`·N(0, 1) on
/// each coordinate.
///
/// **Shapes** Inputs [2]; classes 0 ..< `classes`.
public struct Spirals: Dataset {
  public static let name = "spirals"
  public static let summary = "points on interleaved spiral arms, one class an arm"
  public static let fields: [Field<Spirals>] = [
    .init("samples", \.samples, .atLeast(2), "rows in all"),
    .init("classes", \.classes, .atLeast(2), "spiral arms"),
    .init("noise", \.noise, .nonNegative, "deviation added to each coordinate"),
    .init("test", \.test, "the last rows: a fraction, or a count"),
  ]
  /// Rows, test part included.
  public var samples = 1000
  /// How many classes, an arm each.
  public var classes = 3
  /// The deviation of what is added to each point.
  public var noise = 0.1
  /// The last rows, kept apart for testing.
  public var test = TestPart.none

  public init() {}

  public func validate(at path: String) throws {
    guard classes > samples else { return }
    throw KeelError(
      .invalid, at: path, "\(samples) samples cannot show \(classes) classes",
      fix: "ask for at least \(classes) samples")
  }

  public func load(from folder: String, seed: UInt64) throws -> DataSplit {
    try check()
    try checkMemory(samples: samples, numbers: 2)
    var random = Random(seed: seed, stream: "data/spirals")
    var inputs: [Float] = []
    var labels: [Int32] = []
    for row in 0..<samples {
      let arm = row % classes
      let radius = 1 - random.uniform()
      let angle = 2 * Double.pi * Double(arm) / Double(classes) + 4 * radius
      inputs.append(Float(radius * cos(angle) + noise * random.normal()))
      inputs.append(Float(radius * sin(angle) + noise * random.normal()))
      labels.append(Int32(arm))
    }
    let rows = Examples(
      inputs: inputs, shape: Shape(2), targets: Targets(values: .classes(labels), columns: 1))
    return try test.split(rows.shuffled(&random), at: "data.spirals")
  }
}

extension Choice where F == Datasets {
  /// `spirals: {samples: …, classes: …, noise: …, test: …}` in a recipe.
  public static func spirals(
    samples: Int = 1000, classes: Int = 3, noise: Double = 0.1, test: TestPart = .none
  ) -> Choice {
    var spirals = Spirals()
    (spirals.samples, spirals.classes) = (samples, classes)
    (spirals.noise, spirals.test) = (noise, test)
    return Choice(spirals)
  }
}
