import CKernels
import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelSettings

/// Targets that another network, with random weights, gives: what it computes can be learnt.
///
/// **Definition** x ~ N(0, 1) on every axis; `layers` times h ← activation(W h), then one output
/// w·h, plus `noise`·N(0, 1). Weights are N(0, g²/fan-in), g² = 2 for ReLU, 25/9 for tanh (the
/// gains of PyTorch's `calculate_gain`), so that targets have a deviation near 1.
///
/// **Shapes** Inputs [`features`]; targets are numbers, one column.
///
/// **References** Gardner and Derrida, *Three unfinished works on the optimal storage capacity of
/// networks*, 1989.
public struct Teacher: Dataset {
  public static let name = "teacher"
  public static let summary = "what a random network computes"
  public static let fields: [Field<Teacher>] = [
    .init("samples", \.samples, .atLeast(2), "rows in all"),
    .init("features", \.features, .atLeast(1), "inputs a row"),
    .init("units", \.units, .atLeast(1), "of each hidden layer"),
    .init("layers", \.layers, NumberRange(minimum: 1, maximum: 1000), "hidden layers"),
    .init("activation", \.activation, "of the hidden layers: tanh or relu"),
    .init("noise", \.noise, .nonNegative, "deviation added to the target"),
    .init("test", \.test, "the last rows: a fraction, or a count"),
  ]

  /// What the hidden layers of the other network apply to each element.
  public enum Activation: String, Keyword {
    case tanh, relu
  }

  /// Rows, test part included.
  public var samples = 1000
  /// Inputs of a row.
  public var features = 10
  public var units = 16
  public var layers = 1
  public var activation = Activation.tanh
  /// The deviation of what is added to each target.
  public var noise = 0.0
  /// The last rows, kept apart for testing.
  public var test = TestPart.none

  public init() {}

  public func load(from folder: String, seed: UInt64) throws -> DataSplit {
    try check()
    try checkMemory(samples: samples, numbers: features)
    try checkWeights()
    var random = Random(seed: seed, stream: "data/teacher")
    let weights = weights(&random)
    var inputs = [Float](repeating: 0, count: samples * features)
    inputs.withUnsafeMutableBufferPointer { random.fill($0, normalWithMean: 0, std: 1) }
    let values = (0..<samples).map { row -> Float in
      let input = Array(inputs[row * features..<(row + 1) * features])
      return Float(Double(answer(input, weights)) + noise * random.normal())
    }
    // Rows are independent and need no shuffling.
    let rows = Examples(
      inputs: inputs, shape: Shape(features), targets: Targets(values: .numbers(values), columns: 1)
    )
    return try test.split(rows, at: "data.teacher")
  }

  /// One matrix a layer, and the output's.
  private func weights(_ random: inout Random) -> [[Float]] {
    let gain = activation == .relu ? 2.0.squareRoot() : 5.0 / 3
    return (0...layers).map { layer in
      let fanIn = layer == 0 ? features : units
      var matrix = [Float](repeating: 0, count: fanIn * (layer == layers ? 1 : units))
      let std = Float(gain / Double(fanIn).squareRoot())
      matrix.withUnsafeMutableBufferPointer { random.fill($0, normalWithMean: 0, std: std) }
      return matrix
    }
  }

  private func answer(_ input: [Float], _ weights: [[Float]]) -> Float {
    var signal = input
    for (index, matrix) in weights.enumerated() {
      var next = [Float](repeating: 0, count: matrix.count / signal.count)
      keel_gemm(0, 1, 1, next.count, signal.count, 1, signal, matrix, 0, &next)
      signal = index == layers ? next : next.map { activation == .relu ? max($0, 0) : tanh($0) }
    }
    return signal[0]
  }

  private func checkWeights() throws {
    let floats = [Shape(features, units).count, Shape(layers, units, units).count]
    guard floats.allSatisfy({ $0 <= Planner.memoryLimit / 16 }) else {
      throw KeelError(
        .invalid, at: "data.teacher",
        "\(layers) layers of \(units) units on \(features) features do not fit memory",
        fix: "ask for fewer units")
    }
  }
}

extension Choice where F == Datasets {
  /// `teacher: {samples: …, features: …, units: …, layers: …, activation: …, noise: …, test: …}` in
  /// a recipe.
  public static func teacher(
    samples: Int = 1000, features: Int = 10, units: Int = 16, layers: Int = 1,
    activation: Teacher.Activation = .tanh, noise: Double = 0, test: TestPart = .none
  ) -> Choice {
    var teacher = Teacher()
    (teacher.samples, teacher.features, teacher.units) = (samples, features, units)
    (teacher.layers, teacher.activation) = (layers, activation)
    (teacher.noise, teacher.test) = (noise, test)
    return Choice(teacher)
  }
}
