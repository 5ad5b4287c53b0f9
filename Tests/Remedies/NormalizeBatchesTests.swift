import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelRemedies
import KeelSettings
import KeelTraining
import Testing

struct NormalizeSequenceTests {
  /// Layer norm where times would be mixed, before each attention and each hidden activation.
  @Test func layerNormForSequences() throws {
    let recipe = Recipe(
      data: .spirals(), input: [2, 1],
      model: [
        .dense(8), .attention(), .attention(), .dense(16, activation: .gelu), .flatten, .dense(3),
      ],
      loss: .softmaxCrossEntropy, optimizer: .sgd(), training: .init(epochs: 1, batch: 16))
    let subject = Problem(recipe, rows: try recipe.data.member.load(from: ".", seed: 0))
    let changed = try #require(NormalizeBatches().applied(to: subject))
    #expect(
      changed.model == [
        .dense(8), .layerNorm(), .attention(), .layerNorm(), .attention(), .dense(16), .layerNorm(),
        .gelu,
        .flatten, .dense(3),
      ])
    _ = try Trainer(Problem(changed, rows: subject.rows))
    #expect(NormalizeBatches().applied(to: subject.with(changed)) == nil)
  }

  /// A norm of a vector by itself ends a chain as batch norm does.
  @Test(arguments: [Choice<Layers>.layerNorm(), .rmsNorm(), .batchNorm()])
  func normsEndChains(norm: Choice<Layers>) throws {
    func deviation(_ block: [Choice<Layers>]) throws -> Deviation? {
      let recipe = Recipe(
        data: .regression(samples: 32, features: 4, noise: 0.1),
        model: [.repeat(12, block), .dense(1)], loss: .meanSquaredError, optimizer: .sgd(),
        training: .init(epochs: 1, batch: 8))
      let parts = try recipe.data.member.load(from: ".", seed: 0)
      return ExcessiveDepth.deviation(in: Evidence(Problem(recipe, rows: parts)))
    }
    #expect(try deviation([.dense(8), .tanh])?.value == 13)
    #expect(try deviation([.dense(8), norm, .tanh]) == nil)
  }
}
