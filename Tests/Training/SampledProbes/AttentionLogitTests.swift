import KeelData
import KeelRecipes
import KeelTraining
import Testing

struct AttentionLogitTests {
  /// Queries and keys twice as long: scores four times as large.
  @Test(arguments: [false, true]) func scoresGrowWithTheSquare(isCausal: Bool) throws {
    let recipe = Recipe(
      seed: 2, data: .addingProblem(length: 6, samples: 64),
      model: [.dense(8), .attention(heads: 2, causal: isCausal), .flatten, .dense(1)],
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 0),
      training: .init(epochs: 3, batch: 16, shuffle: false))
    let trainer = try Trainer(Problem(recipe))
    var probe = AttentionLogit()
    trainer.advance()
    let first = try #require(probe.sample(trainer)?.first)
    #expect(first.layer == "attention-1" && first.value > 0)
    let weight = try #require(
      trainer.trainingStep.plan.parameters.first { $0.layer == "attention-1" })
    let tensor = try #require(trainer.tensor(weight.name))
    try trainer.set([
      Tensor(name: tensor.name, shape: tensor.shape, values: tensor.values.map { 2 * $0 })
    ])
    _ = trainer.trainingStep.forward(trainer.newestPass)
    let second = try #require(probe.sample(trainer)?.first)
    #expect(abs(second.value / first.value - 4) < 1e-3)
  }

  @Test func withoutAttentionThereIsNone() throws {
    let trainer = try Trainer(Problem(regression(rate: 0.01)))
    trainer.advance()
    var probe = AttentionLogit()
    #expect(probe.sample(trainer) == nil)
  }
}
