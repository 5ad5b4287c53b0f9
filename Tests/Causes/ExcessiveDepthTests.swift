import KeelCauses
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

/// How deep a network counts as, where a norm or a path around its blocks holds it back.
struct ExcessiveDepthTests {
  private func subject(_ model: [Choice<Layers>], batch: Int = 64) throws -> Evidence {
    let recipe = Recipe(
      data: .regression(samples: 256, features: 16, noise: 0.1), model: model, initializer: .he(),
      loss: .meanSquaredError, optimizer: .sgd(), training: .init(epochs: 1, batch: batch))
    return Evidence(Problem(recipe, rows: try recipe.data.member.load(from: ".", seed: 0)))
  }

  private func residual(_ times: Int, scale: Double) -> [Choice<Layers>] {
    let block = Choice<Layers>.residual([.relu, .dense(64, initializer: .he(scale: scale))])
    return [.dense(64), .repeat(times, [block]), .dense(1)]
  }

  private let normalized: Choice<Layers> = .repeat(50, [.dense(64), .batchNorm(), .relu])

  /// F1: an unscaled He block doubles the squared gradient; at half its size it makes 1.25 of it.
  @Test func residualBlocks() throws {
    let unscaled = try #require(ExcessiveDepth.deviation(in: subject(residual(50, scale: 1))))
    #expect(abs(unscaled.value - 50) < 1e-6)
    let half = try #require(ExcessiveDepth.deviation(in: subject(residual(50, scale: 0.5))))
    #expect(abs(half.value - 16.1) < 0.01)
    #expect(try ExcessiveDepth.deviation(in: subject(residual(10, scale: 1))) == nil)
  }

  /// Begun at 1/√N, any number of them come to 1.44.
  @Test(arguments: [10, 50, 200]) func scaledResidualBlocks(times: Int) throws {
    let scale = 1 / Double(times).squareRoot()
    #expect(try ExcessiveDepth.deviation(in: subject(residual(times, scale: scale))) == nil)
  }

  /// B2: × 1.493 a layer in batches of 64, 0.578 doublings; less at the first norm.
  @Test func batchNormalization() throws {
    let found = try #require(ExcessiveDepth.deviation(in: subject([normalized, .dense(1)])))
    #expect(abs(found.value / (50 * 0.578) - 1) < 0.05)
    #expect(found.quantity == "doublings of the gradient's square, block by block")
  }

  /// The gradient's norm leaves float32 after some 460 layers of ×1.21; nothing else is to blame,
  /// and the finding says so.
  @Test func batchNormalizationAlone() throws {
    let recipe = Recipe(
      data: .spirals(samples: 600, classes: 3),
      model: [.repeat(500, [.dense(16), .batchNorm(), .relu]), .dense(3)], initializer: .he(),
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.01),
      training: .init(epochs: 20, batch: 32))
    let trainer = try Trainer(Problem(recipe))
    let training = trainer.train()
    try #require(training.explosion?.pass == .backward)
    let forecast = try Forecaster(trainer.problem, .quick).run()
    let diagnosis = try Evidence(
      trainer.problem, forecast: forecast, training: training,
      trace: trainer.trace
    )
    .diagnosis()
    let finding = try #require(diagnosis.findings.first)
    #expect(finding.cause == "excessive-depth" && finding.kind == .cause)
    #expect(finding.exhibits.contains { $0.quantity.contains("by batch normalisation itself") })
    #expect(forecast.notes.first?.contains("residual connections end it") == true)
  }

  /// A path around each normalised block: block k adds 1/k of what has come together by then.
  @Test func normalizedResidualBlocks() throws {
    let block = Choice<Layers>.residual([.batchNorm(), .relu, .dense(64)])
    let model: [Choice<Layers>] = [.dense(64), .repeat(100, [block]), .dense(1)]
    #expect(try ExcessiveDepth.deviation(in: subject(model)) == nil)
  }

  /// As few blocks are left out as will do.
  @Test func resetting() throws {
    let subject = try subject(residual(50, scale: 1))
    let reset = try #require(ExcessiveDepth.reset(subject))
    #expect(reset.model == residual(10, scale: 1))
    let chain = try self.subject([normalized, .dense(1)])
    let short = try #require(ExcessiveDepth.reset(chain))
    let block = try #require(short.model[0].ingredient as? Repeat)
    #expect((16...18).contains(block.times))
    #expect(ExcessiveDepth.deviation(in: chain.with(short)) == nil)
  }

  /// Nothing to leave out.
  @Test func writtenOutLayerByLayer() throws {
    let block = Choice<Layers>.residual([.relu, .dense(64, initializer: .he())])
    let model = [.dense(64)] + Array(repeating: block, count: 20) + [.dense(1)]
    #expect(try ExcessiveDepth.reset(subject(model)) == nil)
  }
}
