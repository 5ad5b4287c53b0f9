import Foundation
import KeelRecipes
import KeelTraining

// Recipes that several tests of this folder train.

/// Batch norm, dropout, momentum, a schedule, a last batch that is not full: everything that
/// changes.
let everything = Recipe(
  name: "everything", seed: 11,
  data: .spirals(samples: 1000, classes: 3, noise: 0.1, test: .fraction(0.2)),
  model: [
    .dense(32), .batchNorm(), .relu, .dropout(0.2),
    .residual([.dense(32), .relu, .dense(32)]), .dense(3),
  ],
  initializer: .he(), loss: .softmaxCrossEntropy,
  optimizer: .sgd(learningRate: 0.05, momentum: 0.9),
  schedule: .warmup(steps: 20, then: .cosine()), clipping: [.globalNorm(1)],
  regularizer: [.l2(1e-4)], training: .init(epochs: 12, batch: 48))

/// A sound regression that any rate above about 0.3 blows up.
func regression(rate: Double, epochs: Int = 20) -> Recipe {
  Recipe(
    name: "regression", seed: 3, data: .regression(samples: 512, features: 8, noise: 0.1),
    model: [.dense(32), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
    optimizer: .sgd(learningRate: rate), training: .init(epochs: epochs, batch: 32))
}

extension Trace {
  /// Every number as its bits, so that NaN equals itself.
  var bits: [UInt32] {
    (losses + gradientNorms + clippedNorms + learningRates + measures).map(\.bitPattern)
  }
}

extension NeuralNetwork {
  var bits: [UInt32] { tensors.flatMap { $0.values.map(\.bitPattern) } }
}

/// Rows of numbers without any meaning.
func wave(_ rows: Int, _ columns: Int) -> [[Float]] {
  (0..<rows).map { i in
    (0..<columns).map { j in Float(sin(0.37 * Double(i) + 1.3 * Double(j))) }
  }
}
