import KeelData
import KeelEngine
import KeelSettings

/// Round clouds of points, one class a cloud.
///
/// **Definition** A centre for each class, uniform in [−10, 10) on every axis; points at
/// centre + `spread`·N(0, 1). Row i is of class i mod `classes` before shuffling, so the classes
/// differ by at most one row. As scikit-learn's `make_blobs`.
///
/// **Shapes** Inputs [`features`]; classes 0 ..< `classes`.
public struct Blobs: Dataset {
  public static let name = "blobs"
  public static let summary = "round clouds of points, one class a cloud"
  public static let fields: [Field<Blobs>] = [
    .init("samples", \.samples, .atLeast(2), "rows in all"),
    .init("classes", \.classes, .atLeast(2), "clouds"),
    .init("features", \.features, .atLeast(1), "axes of the space"),
    .init("spread", \.spread, .nonNegative, "deviation of a cloud on each axis"),
    .init("test", \.test, "the last rows: a fraction, or a count"),
  ]
  /// Rows, test part included.
  public var samples = 1000
  /// How many classes.
  public var classes = 3
  /// Inputs of a row.
  public var features = 2
  /// The deviation of a blob.
  public var spread = 1.0
  /// The last rows, kept apart for testing.
  public var test = TestPart.none

  public init() {}

  public func validate(at path: String) throws {
    guard classes <= samples else {
      throw KeelError(
        .invalid, at: "\(path).classes", "\(classes) classes, but only \(samples) samples",
        fix: "ask for at least one sample of each class")
    }
  }

  public func load(from folder: String, seed: UInt64) throws -> DataSplit {
    try check()
    try checkMemory(samples: samples, numbers: features)
    var random = Random(seed: seed, stream: "data/blobs")
    let centers = (0..<classes * features).map { _ in 20 * random.uniform() - 10 }
    var inputs: [Float] = []
    inputs.reserveCapacity(samples * features)
    for row in 0..<samples {
      let center = row % classes * features
      for axis in 0..<features {
        inputs.append(Float(centers[center + axis] + spread * random.normal()))
      }
    }
    let labels = (0..<samples).map { Int32($0 % classes) }
    let rows = Examples(
      inputs: inputs, shape: Shape(features),
      targets: Targets(values: .classes(labels), columns: 1))
    return try test.split(rows.shuffled(&random), at: "data.blobs")
  }
}

extension Choice where F == Datasets {
  /// `blobs: {samples: …, classes: …, features: …, spread: …, test: …}` in a recipe.
  public static func blobs(
    samples: Int = 1000, classes: Int = 3, features: Int = 2, spread: Double = 1,
    test: TestPart = .none
  ) -> Choice {
    var blobs = Blobs()
    (blobs.samples, blobs.classes, blobs.features) = (samples, classes, features)
    (blobs.spread, blobs.test) = (spread, test)
    return Choice(blobs)
  }
}
