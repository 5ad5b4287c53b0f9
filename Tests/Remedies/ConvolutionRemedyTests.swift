import Foundation
import KeelCauses
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelRemedies
import KeelSettings
import KeelTraining
import Testing

/// Causes and remedies on convolutional networks: they see traits of layers, not dense ones only.
struct ConvolutionRemedyTests {
  /// 36 features as 6 × 6 pixels.
  private func network(
    _ model: [Choice<Layers>], initializer: Choice<Initializers> = .he(), rate: Double = 0.01
  ) -> Recipe {
    var recipe = Recipe(
      name: "convolutions", data: .regression(samples: 256, features: 36, noise: 0.1),
      model: model + [.flatten, .dense(1)], initializer: initializer, loss: .meanSquaredError,
      optimizer: .sgd(learningRate: rate), training: .init(epochs: 20, batch: 32))
    recipe.input = .init([6, 6, 1])
    return recipe
  }

  private func subject(_ recipe: Recipe) throws -> Problem {
    Problem(recipe, rows: try recipe.data.member.load(from: ".", seed: recipe.seed))
  }

  @Test func poorInitializationIsSeenAndMended() throws {
    let normal = Choice<Initializers>.normal(std: 1)
    let broken = try subject(
      network([
        .conv2d(16, initializer: normal), .relu, .conv2d(16, initializer: normal), .relu,
      ]))
    let deviation = try #require(PoorInitialization.deviation(in: Evidence(broken)))
    #expect(deviation.place == "conv2d-2")
    #expect(abs(deviation.value / deviation.reference / (144 / 2.0).squareRoot() - 1) < 0.1)
    let mended = try #require(PoorInitialization.reset(Evidence(broken)))
    #expect(PoorInitialization.deviation(in: Evidence(broken.with(mended))) == nil)
    let convolutions = mended.leaves.compactMap { $0.ingredient as? Conv2D }
    #expect(convolutions.allSatisfy { $0.initializer.value == .he() })
  }

  @Test func layersInARowAreCounted() throws {
    let block: [Choice<Layers>] = [.conv2d(4, padding: .same), .relu]
    let deep = try subject(network([.repeat(12, block)]))
    #expect(ExcessiveDepth.deviation(in: Evidence(deep))?.value == 13)
    let around = try subject(network([.conv2d(4), .repeat(12, [.residual(block)])]))
    #expect(ExcessiveDepth.deviation(in: Evidence(around)) == nil)
  }

  @Test func normsStandBeforeTheActivation() throws {
    let plain = network([.conv2d(4, activation: .relu), .conv2d(4), .tanh])
    let changed = try #require(NormalizeBatches().applied(to: subject(plain)))
    #expect(
      changed.model == [
        .conv2d(4), .batchNorm(), .relu, .conv2d(4), .batchNorm(), .tanh, .flatten, .dense(1),
      ])
  }

  @Test func steepActivationsAreSeenAndSwapped() throws {
    let steep = try subject(
      network([.conv2d(4, activation: .exponential), .conv2d(4), .exponential]))
    #expect(SteepActivation.deviation(in: Evidence(steep))?.place == "exponential")
    let reset = try #require(SteepActivation.reset(Evidence(steep)))
    #expect(SteepActivation.deviation(in: Evidence(steep.with(reset))) == nil)
    let swapped = try #require(SwapActivation(activation: "tanh").applied(to: steep))
    #expect(SteepActivation.deviation(in: Evidence(steep.with(swapped))) == nil)
    #expect((swapped.model[0].ingredient as? Conv2D)?.activation == .tanh)
  }

  @Test func theOutputOfAConvolutionIsMatched() throws {
    var recipe = network([])
    recipe.model = [.conv2d(1, kernel: 6, activation: .sigmoid), .flatten]
    recipe.model.removeLast()
    #expect(MismatchedLoss.deviation(in: try Evidence(subject(recipe))) != nil)
    let reset = try #require(MismatchedLoss.reset(Evidence(subject(recipe))))
    #expect((reset.model[0].ingredient as? Conv2D)?.activation == .linear)
  }

  /// Standard normal convolutions explode, and a cure is found.
  @Test func standardNormalConvolutionsAreCured() async throws {
    let recipe = network(
      [.conv2d(16, padding: .same), .relu, .conv2d(16, padding: .same), .relu, .maxPool2d()],
      initializer: .normal(std: 1), rate: 0.005)
    let history = try await Problem(recipe).cure()
    #expect(history.outcome == .cured)
    #expect(history.findings.first?.cause == PoorInitialization.name)
    print(
      "convolutions, N(0, 1): \(history.remedies.map(\.remedy)), score \(history.after?.score ?? .nan)"
    )
  }
}
