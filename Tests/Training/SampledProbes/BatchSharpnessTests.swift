import Foundation
import KeelData
import KeelRecipes
import KeelTraining
import Testing

struct BatchSharpnessTests {
  /// The mean square of w·x − y has the Hessian 2/n·Σ x xᵀ; with inputs that are (s, 0) or (0, 1)
  /// its largest eigenvalue is s², which must be the larger.
  @Test func ofALinearModelItIsKnown() throws {
    let scale: Float = 3
    let inputs = (0..<64).map { $0 % 2 == 0 ? [scale, 0] : [0, 1] }
    let recipe = Recipe(
      seed: 1, data: .regression(samples: 64, features: 2), model: [.dense(1, bias: false)],
      loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0), training: .init(epochs: 4, batch: 64))
    let trainer = try Trainer(
      Problem(
        recipe, train: try Examples(inputs: inputs, targets: (0..<64).map { [Float($0 % 5)] })))
    trainer.advance()
    var probe = BatchSharpness()
    let parameters = try #require(trainer.tensor("dense-1.weight"))
    let gradient = try #require(trainer.gradient(of: "dense-1.weight"))
    var values: [Double] = []
    for _ in 0..<30 { values += (probe.sample(trainer) ?? []).map(\.value) }
    #expect(abs(try #require(values.last) / 9 - 1) < 0.01)
    // And nothing has moved.
    #expect(trainer.tensor("dense-1.weight") == parameters)
    #expect(trainer.gradient(of: "dense-1.weight") == gradient)
  }
}
