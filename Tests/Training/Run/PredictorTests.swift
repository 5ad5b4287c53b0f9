import Allocations
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

@Suite(.enabled(if: allocations_are_counted() != 0))
struct PredictorTests {
  /// After the first call predicting asks the system for no memory.
  @Test(arguments: [
    [Choice<Layers>.dense(16), .relu, .dense(1)],
    [.dense(16), .batchNorm(), .tanh, .residual([.layerNorm(), .dense(16)]), .dense(1)],
  ])
  func predictingAllocatesNothing(_ model: [Choice<Layers>]) throws {
    let recipe = Recipe(
      data: .regression(samples: 64, features: 4), standardize: .both, model: model,
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 1e-3),
      training: .init(epochs: 1, batch: 8))
    let trainer = try Trainer(Problem(recipe))
    _ = trainer.train()
    let predictor = try Predictor(trainer.network())
    let inputs = (0..<4 * 300).map { Float($0 % 7) }
    var outputs: [Float] = []
    try predictor.predict(inputs, into: &outputs)
    let before = allocations_of_this_thread()
    for _ in 0..<100 { try predictor.predict(inputs, into: &outputs) }
    #expect(allocations_of_this_thread() - before == 0)
    #expect(outputs.count == 300 && outputs.allSatisfy(\.isFinite))
  }
}
