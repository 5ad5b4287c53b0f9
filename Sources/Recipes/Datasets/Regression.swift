import KeelData
import KeelEngine
import KeelSettings

/// A linear target with noise: the plainest regression there is.
///
/// **Definition** x ~ N(0, 1) on every axis, y = w·x + `noise`·N(0, 1), with one w ~ N(0, 1) for
/// all rows. scikit-learn's `make_regression` draws w from [0, 100); here w has unit deviation, so
/// that y has a deviation near √`features` and needs no standardising. `scale` multiplies inputs
/// and targets, to make data that do. The first `outliers` rows, which lie anywhere once the rows
/// are shuffled, are in other units: their inputs and targets are `outlier-scale` times as large.
///
/// **Shapes** Inputs [`features`]; targets are numbers, one column.
public struct Regression: Dataset {
  public static let name = "regression"
  public static let summary = "a linear target with noise"
  public static let fields: [Field<Regression>] = [
    .init("samples", \.samples, .atLeast(2), "rows in all"),
    .init("features", \.features, .atLeast(1), "inputs a row"),
    .init("noise", \.noise, .nonNegative, "deviation added to the target"),
    .init("scale", \.scale, .positive, "a factor on inputs and targets"),
    .init("test", \.test, "the last rows: a fraction, or a count"),
    .init("outliers", \.outliers, .atLeast(0), "rows to train on that are in other units"),
    .init("outlier-scale", \.outlierScale, .positive, "how many times as large those are"),
  ]
  /// Rows, test part included.
  public var samples = 1000
  /// Inputs of a row.
  public var features = 10
  /// The deviation of what is added to the targets.
  public var noise = 0.1
  /// A factor on inputs and targets.
  public var scale = 1.0
  /// The last rows, kept apart for testing.
  public var test = TestPart.none
  /// Rows of the training part that are in other units.
  public var outliers = 0
  /// A factor on the inputs and targets of those.
  public var outlierScale = 1000.0

  public init() {}

  public func load(from folder: String, seed: UInt64) throws -> DataSplit {
    try check()
    try checkMemory(samples: samples, numbers: features)
    var random = Random(seed: seed, stream: "data/regression")
    let weights = (0..<features).map { _ in random.normal() }
    var inputs: [Float] = []
    var values: [Float] = []
    inputs.reserveCapacity(samples * features)
    for _ in 0..<samples {
      var sum = 0.0
      for axis in 0..<features {
        let x = Float(random.normal())
        inputs.append(Float(scale) * x)
        sum += weights[axis] * Double(x)
      }
      values.append(Float(scale * (sum + noise * random.normal())))
    }
    let rows = Examples(
      inputs: inputs, shape: Shape(features),
      targets: Targets(values: .numbers(values), columns: 1))
    var parts = try test.split(rows.shuffled(&random), at: "data.regression")
    try parts.train.scale(rows: outliers, by: Float(outlierScale))
    return parts
  }
}

extension Examples {
  /// Brings the first rows, inputs and targets, to another unit.
  fileprivate mutating func scale(rows: Int, by factor: Float) throws {
    guard rows <= count else {
      throw KeelError(
        .invalid, at: "data.regression.outliers", "\(rows) of \(count) rows to train on",
        fix: "ask for at most \(count)")
    }
    guard rows > 0, case .numbers(var numbers) = targets.values else { return }
    for index in 0..<rows * shape.count { inputs[index] *= factor }
    for index in 0..<rows * targets.columns { numbers[index] *= factor }
    targets.values = .numbers(numbers)
  }
}

extension Choice where F == Datasets {
  /// `regression: {samples: …, features: …, noise: …, scale: …, test: …, outliers: …}` in a recipe.
  public static func regression(
    samples: Int = 1000, features: Int = 10, noise: Double = 0.1, scale: Double = 1,
    test: TestPart = .none, outliers: Int = 0, outlierScale: Double = 1000
  ) -> Choice {
    var regression = Regression()
    (regression.samples, regression.features) = (samples, features)
    (regression.noise, regression.scale, regression.test) = (noise, scale, test)
    (regression.outliers, regression.outlierScale) = (outliers, outlierScale)
    return Choice(regression)
  }
}
