import Foundation
import KeelData
import KeelEngine
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelTestSupport
import KeelTraining
import Testing

/// The largest eigenvalue, found through gradients alone.
struct SharpnessTests {
  private static func linear(rate: Double = 0.01, samples: Int = 100, batch: Int = 100) -> Recipe {
    Recipe(
      name: "linear", data: .regression(samples: samples, features: 5, noise: 0.5),
      model: [.dense(1)], loss: .meanSquaredError, optimizer: .sgd(learningRate: rate),
      training: .init(epochs: 100, batch: batch))
  }

  /// Of 2/n·X̃ᵀX̃, by power iteration in double: it has no negative eigenvalue.
  private static func exact(_ examples: Examples) -> Double {
    let width = examples.shape.count
    let rows = (0..<examples.count).map { row in
      (0..<width).map { Double(examples.inputs[row * width + $0]) } + [1]
    }
    var vector = [Double](repeating: 1, count: width + 1)
    var value = 0.0
    for _ in 0..<2000 {
      var image = [Double](repeating: 0, count: width + 1)
      for row in rows {
        let dot = zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 }
        for index in image.indices { image[index] += 2 * dot * row[index] / Double(rows.count) }
      }
      value = norm(image)
      vector = image.map { $0 / value }
    }
    return value
  }

  @Test(arguments: [UInt64(0), 1, 2]) func aLinearModel(seed: UInt64) throws {
    var recipe = Self.linear()
    recipe.seed = seed
    let parts = try recipe.data.member.load(from: ".", seed: seed)
    let virtualTrainer = try VirtualTrainer(Problem(recipe, rows: parts))
    let sharpness = try virtualTrainer.sharpness()
    let expected = Self.exact(parts.train)
    print("sharpness, seed \(seed): \(sharpness.value), exact \(expected)")
    #expect(sharpness.isCertain)
    #expect(abs(sharpness.value / expected - 1) < 0.01)
    #expect(sharpness.largestBatch == sharpness.value, "the batch is the whole")
    #expect(sharpness.edge == 200)
    let model = try #require(LinearModel(virtualTrainer))
    #expect(abs(model.sharpness / expected - 1) < 1e-4)
  }

  /// Rows of a batch are fewer: the largest of four is sharper than the whole.
  @Test func batchesAreSharper() throws {
    let recipe = Self.linear(batch: 8)
    let parts = try recipe.data.member.load(from: ".", seed: 0)
    let sharpness = try VirtualTrainer(Problem(recipe, rows: parts)).sharpness()
    #expect(sharpness.largestBatch > sharpness.value)
  }

  /// Against the whole Hessian of a small tanh network, its largest eigenvalue by power iteration
  /// on H + shift.
  @Test func aNetwork() throws {
    let recipe = Recipe(
      data: .moons(samples: 100), model: [.dense(6), .tanh, .dense(2)],
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1),
      training: .init(epochs: 10, batch: 100))
    let parts = try recipe.data.member.load(from: ".", seed: 0)
    let virtualTrainer = try VirtualTrainer(Problem(recipe, rows: parts))
    let center = virtualTrainer.parameters
    var columns: [[Double]] = []
    for index in center.indices {
      var (ahead, behind) = (center, center)
      ahead[index] += 1e-2
      behind[index] -= 1e-2
      var (a, b) = (center, center)
      #expect(virtualTrainer.gradient(at: ahead, rows: virtualTrainer.sample, into: &a))
      #expect(virtualTrainer.gradient(at: behind, rows: virtualTrainer.sample, into: &b))
      columns.append(zip(a, b).map { (Double($0) - Double($1)) / 2e-2 })
    }
    var dice = Dice(seed: 1)
    var vector = center.map { _ in dice.normal() }
    var value = 0.0
    for _ in 0..<3000 {
      var image = vector.map { $0 * 10 }
      for (weight, column) in zip(vector, columns) {
        for row in image.indices { image[row] += weight * column[row] }
      }
      value = norm(image)
      vector = image.map { $0 / value }
    }
    let sharpness = try virtualTrainer.sharpness()
    print("sharpness of a network: \(sharpness.value), whole Hessian \(value - 10)")
    #expect(sharpness.isCertain)
    #expect(abs(sharpness.value / (value - 10) - 1) < 0.02)
  }

  /// Two steps that disagree: a hundred ReLU layers bend too much for a difference to be trusted.
  @Test func itSaysWhereItIsUncertain() throws {
    let recipe = Recipe(
      data: .regression(samples: 128, features: 16),
      model: [.repeat(60, [.dense(32), .relu]), .dense(1)], initializer: .he(),
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 1e-3),
      training: .init(epochs: 10, batch: 128))
    let parts = try recipe.data.member.load(from: ".", seed: 0)
    #expect(try !VirtualTrainer(Problem(recipe, rows: parts)).sharpness().isCertain)
    var lost = recipe
    lost.initializer = .normal(std: 100)
    let sharpness = try VirtualTrainer(Problem(lost, rows: parts)).sharpness()
    #expect(sharpness.value.isNaN && !sharpness.isCertain)
  }

  /// Plain power iteration would find −9.
  @Test func theLargestNotTheLongest() throws {
    let eigenvalues: [Float] = [-9, 4, 3.9, 1, 0, -2]
    let start = [Float](repeating: 1, count: 6)
    let found = try #require(
      Lanczos(start: start, steps: 6) { vector, image in
        image = zip(vector, eigenvalues).map { $0 * $1 }
        return true
      })
    #expect(abs(found.value - 4) < 1e-4)
    // With room for three vectors it begins anew, and comes as near in more steps.
    let short = try #require(
      Lanczos(start: start, steps: 60, kept: 3, tolerance: 1e-3) { vector, image in
        image = zip(vector, eigenvalues).map { $0 * $1 }
        return true
      })
    #expect(abs(short.value - 4) < 1e-2)
    #expect(Lanczos(start: [0, 0], steps: 2) { _, _ in true } == nil)
    #expect(Lanczos(start: [1, 0], steps: 2) { _, _ in false } == nil)
  }

  @Test func edges() {
    let rate = 0.1
    let cases: [(any StabilityTheory, Double)] = [
      (SGD(), 2), (Self.sgd(0.9, false), 3.8), (Self.sgd(0.9, true), 3.8 / 2.8), (Adam(), 38),
      (AdamW(), 38), (StableAdamW(), 38), (RMSprop(), 2), (Adagrad(), 2), (Adadelta(), 2),
    ]
    for (optimizer, expected) in cases {
      #expect(abs(optimizer.edge(learningRate: rate) * rate - expected) < 1e-9)
    }
  }

  private static func sgd(_ momentum: Double, _ nesterov: Bool) -> SGD {
    var sgd = SGD()
    (sgd.momentum, sgd.nesterov) = (momentum, nesterov)
    return sgd
  }
}
