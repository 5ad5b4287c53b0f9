import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import KeelTraining
import Testing

/// LSUV: orthonormal directions, and outputs of variance 1 on the training's own rows.
struct UnitVarianceTests {
  private func recipe(
    _ model: [Choice<Layers>], rows: Int = 300, batch: Int = 300, standardize: Bool = false
  ) -> Recipe {
    Recipe(
      seed: 7, data: .regression(samples: rows, features: 12),
      standardize: standardize ? .both : .none, model: model, initializer: .lsuv,
      loss: .meanSquaredError, optimizer: .sgd(), training: .init(epochs: 2, batch: batch))
  }

  private func examples(rows: Int = 300, scale: Double = 1) throws -> Examples {
    var dice = Dice(seed: 91)
    return try Examples(
      inputs: (0..<rows).map { _ in dice.normals(12, std: scale) },
      targets: (0..<rows).map { _ in dice.normals(1) })
  }

  /// The variance of every dense layer's output, over all rows at once.
  private func variances(_ trainer: Trainer) -> [Double] {
    let (plan, memory) = (trainer.trainingStep.plan, trainer.trainingStep.memory)
    let rows = (0..<Int32(plan.capacity)).map { $0 }
    rows.withUnsafeBufferPointer { trainer.data.train.gather($0, plan, memory) }
    let pass = trainer.trainingStep.pass(rows: rows.count, mode: .training, position: 0)
    _ = plan.forward(pass)
    return plan.operations.filter { $0.layer.hasPrefix("dense") && $0.parameters.count > 0 }.map {
      let values = pass.values($0.output.value).map(Double.init)
      let mean = values.reduce(0, +) / Double(values.count)
      return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    }
  }

  static let models: [[Choice<Layers>]] = [
    [.repeat(20, [.dense(24), .tanh]), .dense(1)],
    [.repeat(12, [.dense(32), .relu]), .dense(1)],
    [.dense(24, activation: .sigmoid), .dropout(0.3), .dense(8, activation: .elu()), .dense(1)],
    [.dense(16), .batchNorm(), .relu, .residual([.dense(16), .relu, .dense(16)]), .dense(1)],
    [.dense(40, biasInitializer: .normal(std: 0.2)), .softplus(), .dense(1)],
  ]

  /// Whatever the scale of the data.
  @Test(arguments: models, [1e-3, 1, 1e4]) func outputsHaveVarianceOne(
    model: [Choice<Layers>], scale: Double
  ) throws {
    let trainer = try Trainer(Problem(recipe(model), train: examples(scale: scale)))
    for variance in variances(trainer) { #expect(abs(variance - 1) < 0.1, "\(variance)") }
    #expect(trainer.baseline.initial.isFinite)
  }

  /// A multiple of what `orthogonal` draws, bit for bit the same every time.
  @Test func onlyTheScaleChanges() throws {
    let first = try Trainer(Problem(recipe(Self.models[0]), train: examples(scale: 5))).network()
    let again = try Trainer(Problem(recipe(Self.models[0]), train: examples(scale: 5))).network()
    #expect(first.bits == again.bits)
    var orthogonal = recipe(Self.models[0])
    orthogonal.initializer = .orthogonal()
    let plain = try Trainer(Problem(orthogonal, train: examples(scale: 5))).network()
    for tensor in first.tensors where tensor.name.hasSuffix(".weight") {
      let other = plain[tensor.name]!.values.map(Double.init)
      let factor = norm(tensor.values) / norm(other)
      #expect(relativeError(tensor.values, other.map { factor * $0 }) < 1e-6, "\(tensor.name)")
    }
    #expect(first["dense-1.weight"] != plain["dense-1.weight"])
  }

  /// Only layers that ask for it.
  @Test func othersStay() throws {
    var mixed = recipe([.dense(24, initializer: .he()), .relu, .dense(1)])
    let given = try Trainer(Problem(mixed, train: examples(scale: 5))).network()["dense-1.weight"]
    mixed.initializer = .he()
    #expect(
      try Trainer(Problem(mixed, train: examples(scale: 5))).network()["dense-1.weight"] == given)
  }

  /// With a batch of two the variance is still that of 256 rows.
  @Test func smallBatches() throws {
    let small = try Trainer(Problem(recipe(Self.models[1], batch: 2), train: examples())).network()
    let large = try Trainer(Problem(recipe(Self.models[1], batch: 256), train: examples()))
      .network()
    #expect(small.bits == large.bits)
  }

  /// Zeros, one row, bad rows: nothing is divided by nothing, and a bad row blinds nobody.
  @Test func extremes() throws {
    let zeros = try Examples(inputs: [[0, 0, 0], [0, 0, 0]], targets: [[1], [2]])
    let one = try Examples(inputs: [[1, 2, 3]], targets: [[1]])
    for examples in [zeros, one] {
      let trainer = try Trainer(Problem(recipe([.dense(8), .tanh, .dense(1)]), train: examples))
      #expect(try trainer.network().tensors.allSatisfy { $0.values.allSatisfy { $0.isFinite } })
    }
    var rows = (0..<300).map { i in (0..<12).map { j in Float(100 * sin(Double(i * 12 + j))) } }
    rows[17][3] = .nan
    rows[40][0] = .infinity
    let bad = try Examples(inputs: rows, targets: rows.map { [$0[1]] })
    let weight = try Trainer(Problem(recipe(Self.models[0]), train: bad)).network()[
      "dense-1.weight"]!
    let deviation = norm(weight.values) / 24.0.squareRoot()
    // Orthonormal columns have norm 1 each, 12 of them.
    #expect(deviation < 0.1)
  }
}
