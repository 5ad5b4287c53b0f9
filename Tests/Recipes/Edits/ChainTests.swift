import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import Testing

/// How deep a network is, and what is left out of one that is too deep.
struct ChainTests {
  private func recipe(_ model: [Choice<Layers>]) -> Recipe {
    Recipe(
      data: .regression(), model: model, loss: .meanSquaredError, optimizer: .sgd(),
      training: .init(epochs: 1, batch: 32))
  }

  private func shortened(_ model: [Choice<Layers>], to depth: Int) -> [Choice<Layers>]? {
    recipe(model).shortened(to: depth)?.model
  }

  /// [dense, tanh] so often, written out.
  private func written(_ times: Int, _ group: [Choice<Layers>] = [.dense(8), .tanh])
    -> [Choice<Layers>]
  {
    (0..<times).flatMap { _ in group }
  }

  @Test func chainsEndAtNormsAndPathsAround() {
    #expect(written(5).longestChain == 5)
    #expect((written(5) + [.batchNorm()] + written(3)).longestChain == 5)
    #expect(
      (written(2) + [.residual([.dense(8), .dense(8), .dense(8)])] + written(1)).longestChain == 2)
    #expect([Choice<Layers>.repeat(4, [.dense(8), .repeat(3, [.dense(8)])])].longestChain == 16)
    #expect([Choice<Layers>]().longestChain == 0)
  }

  @Test func repeatsAreShortenedFirst() {
    #expect(
      shortened([.repeat(40, [.dense(8), .tanh]), .dense(1)], to: 10)
        == [.repeat(9, [.dense(8), .tanh]), .dense(1)])
    #expect(
      shortened([.repeat(2, [.repeat(30, [.dense(8)])]), .dense(1)], to: 10)
        == [.repeat(1, [.repeat(9, [.dense(8)])]), .dense(1)])
  }

  @Test func whatIsWrittenOutIsShortenedToo() {
    #expect(shortened(written(40) + [.dense(1)], to: 10) == written(9) + [.dense(1)])
    let pairs: [Choice<Layers>] = [.dense(16), .relu, .dense(8), .tanh]
    #expect(shortened(written(20, pairs) + [.dense(1)], to: 10) == written(4, pairs) + [.dense(1)])
    let inline = written(30, [.dense(8, activation: .relu)])
    #expect(shortened(inline, to: 10)?.count == 10)
  }

  /// How weights begin makes no other layer of it.
  @Test func initializersDoNotCount() {
    let model = (1...20).map {
      Choice<Layers>.dense(8, initializer: .normal(std: Double($0)))
    }
    #expect(shortened(model, to: 10) == Array(model.prefix(10)))
  }

  /// Widths that differ, a layer that stands alone: nothing may be left out.
  @Test func whatIsNotRepeatedStays() {
    let funnel = (1...20).map { Choice<Layers>.dense(41 - $0) }
    #expect(shortened(funnel, to: 10) == nil)
    let mixed = written(12) + funnel.prefix(4)
    #expect(shortened(mixed, to: 10) == written(6) + funnel.prefix(4))
    #expect(shortened(written(3), to: 10) == written(3))
  }

  /// What has a path around it is not what is too deep.
  @Test func residualBlocksStay() {
    let blocks = Choice<Layers>.repeat(50, [.residual([.dense(8), .relu])])
    #expect(
      shortened([blocks, .repeat(20, [.dense(8), .tanh]), .dense(1)], to: 10)
        == [blocks, .repeat(9, [.dense(8), .tanh]), .dense(1)])
    let written = (0..<30).map { _ in Choice<Layers>.residual([.dense(8), .relu]) }
    #expect(
      shortened(written + self.written(15) + [.dense(1)], to: 10)
        == written + self.written(9) + [.dense(1)])
    // A short chain beside a long one.
    #expect(
      shortened(self.written(6) + [.batchNorm()] + self.written(15), to: 10)
        == self.written(6) + [.batchNorm()] + self.written(10))
  }

  /// Every shortened network can be planned, and gives what it gave.
  @Test func theOutputKeepsItsShape() throws {
    let models = [
      written(40) + [.dense(3)], written(20, [.dense(16), .relu, .dense(8), .tanh]) + [.dense(3)],
      [.repeat(40, [.dense(8)]), .residual([.dense(8)]), .dense(3)],
    ]
    for model in models {
      let short = try #require(recipe(model).shortened(to: 5))
      #expect(try short.plan(row: Shape(4), capacity: 2).output.shape == Shape(3))
    }
  }
}
