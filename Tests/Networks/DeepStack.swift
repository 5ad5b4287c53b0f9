import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport

/// A block of layers, many times in a row, and the sizes of signals and gradients along it.
struct DeepStack {
  let width: Int
  let batch: Int
  let block: [Choice<Layers>]
  let blocks: Int
  /// The kind of layer whose outputs are measured, one a block.
  var measured = "dense"

  /// Squared norms, block by block.
  struct Profile {
    let outputs: [Double]
    let gradients: [Double]
  }

  /// Planned, not yet drawn.
  func harness() throws -> Harness {
    let recipe = Recipe(
      data: .spirals(), model: [.repeat(blocks, block)], loss: .meanSquaredError,
      optimizer: .sgd(), training: .init(epochs: 1, batch: batch))
    return try Harness(recipe, row: [width], rows: batch)
  }

  /// Draws parameters and a batch.
  func draw(_ harness: Harness, seed: UInt64) {
    harness.initialize(seed: seed)
    var random = Random(seed: seed, stream: "theory/input")
    harness.randomize(harness.plan.input.value, &random)
  }

  /// The profile after a forward pass and a backward one from a random gradient at the output.
  func profile(_ harness: Harness, seed: UInt64) -> Profile {
    harness.forward()
    var random = Random(seed: seed, stream: "theory/gradient")
    harness.randomize(harness.plan.output.gradient!, &random)
    harness.backward()
    let operations = harness.plan.operations.filter { $0.layer.hasPrefix("\(measured)-") }
    precondition(operations.count == blocks, "one measured layer a block")
    return Profile(
      outputs: operations.map { harness.squares($0.output.value) },
      gradients: operations.map { harness.squares($0.output.gradient!) })
  }

  /// The geometric mean over seeds of a quantity, given as its logarithm.
  /// - Parameter prepare: changes what was drawn.
  func mean(
    _ seeds: [UInt64], prepare: (Harness, UInt64) -> Void = { _, _ in },
    of logarithm: (Profile) -> Double
  ) throws -> Double {
    let harness = try harness()
    var sum = 0.0
    for seed in seeds {
      draw(harness, seed: seed)
      prepare(harness, seed)
      sum += logarithm(profile(harness, seed: seed))
    }
    return exp(sum / Double(seeds.count))
  }

  /// By how much the squared norm of the gradient changes a block, towards the input.
  func gradientRate(_ seeds: [UInt64]) throws -> Double {
    try mean(seeds) { profile in
      let inner = profile.gradients.dropFirst(5).dropLast(5)
      return log(inner.first! / inner.last!) / Double(inner.count - 1)
    }
  }
}

/// A random matrix whose largest eigenvalue has this magnitude, by ‖Aᵏv‖^(1/k) for a large k.
func matrixOfRadius(_ radius: Double, _ width: Int, seed: UInt64) -> [Float] {
  var dice = Dice(seed: seed)
  let matrix = (0..<width * width).map { _ in dice.normal(1 / Double(width).squareRoot()) }
  var vector = (0..<width).map { _ in dice.normal() }
  var logarithm = 0.0
  let (settling, counted) = (200, 1000)
  for step in 0..<settling + counted {
    var image = [Double](repeating: 0, count: width)
    for row in 0..<width {
      for column in 0..<width { image[row] += matrix[row * width + column] * vector[column] }
    }
    let growth = norm(image) / norm(vector)
    let length = norm(image)
    vector = image.map { $0 / length }
    if step >= settling { logarithm += log(growth) }
  }
  let factor = radius / exp(logarithm / Double(counted))
  return matrix.map { Float($0 * factor) }
}
