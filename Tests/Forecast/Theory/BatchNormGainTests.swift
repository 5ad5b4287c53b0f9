import Foundation
import KeelData
import KeelEngine
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import KeelTraining
import Testing

/// Fifty layers of batch normalisation: what theory says, what a real batch shows, and what a
/// person reads (NUMBERS.md, B1 to B3).
struct BatchNormGainTests {
  private func recipe(
    _ block: [Choice<Layers>], width: Int, batch: Int, blocks: Int = 50
  ) -> Recipe {
    Recipe(
      data: .spirals(), model: [.repeat(blocks, block), .dense(10)], initializer: .he(),
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.01),
      training: .init(epochs: 1, batch: batch))
  }

  private func parts(width: Int, rows: Int, seed: UInt64) -> DataSplit {
    var dice = Dice(seed: seed)
    let classes = (0..<rows).map { _ in Int32(dice.next() % 10) }
    return DataSplit(
      train: Examples(
        inputs: dice.normals(rows * width), shape: Shape(width),
        targets: Targets(values: .classes(classes), columns: 1)), test: nil)
  }

  struct Rate: CustomTestStringConvertible, Sendable {
    let block: [Choice<Layers>]
    let batch: Int
    let expected: Double
    var testDescription: String { "\(block.map(\.name)), batch \(batch)" }
  }

  static let width = 512
  static let rates =
    [(8, 1.788), (32, 1.522), (64, 1.493), (256, 1.473)].map { batch, expected in
      Rate(block: [.dense(width), .batchNorm(), .relu], batch: batch, expected: expected)
    }
    + [8, 16, 64].map { batch in
      Rate(
        block: [.dense(width), .batchNorm()], batch: batch,
        expected: Double(batch - 2) / Double(batch - 3))
    }

  /// Geometric means over the inner layers, of what is measured over three seeds.
  @Test(arguments: rates) func theoryAndARealBatchAgree(_ rate: Rate) throws {
    var measured = 0.0
    var theory = 0.0
    for seed in UInt64(1)...3 {
      var recipe = recipe(rate.block, width: Self.width, batch: rate.batch)
      recipe.seed = seed
      let virtualTrainer = try VirtualTrainer(
        Problem(recipe, rows: parts(width: Self.width, rows: rate.batch, seed: seed)))
      let path = Propagation(
        recipe, input: virtualTrainer.plan.input.shape, signal: virtualTrainer.sampleSignal(),
        batch: virtualTrainer.batchSize)
      // Of 51 layers, but for five at each end.
      let inner = 5..<46
      let layers = virtualTrainer.measurement().layers[inner]
      measured += layers.reduce(0) { $0 + 2 * log($1.backwardGain) } / Double(3 * inner.count)
      let gains = path.gains(inputLogSquare: 0)[inner]
      theory += gains.reduce(0) { $0 + 2 * log($1.backward) } / Double(3 * inner.count)
    }
    print("\(rate): measured \(exp(measured)), theory \(exp(theory)), expected \(rate.expected)")
    #expect(abs(exp(measured) / rate.expected - 1) < 0.015)
    #expect(abs(exp(theory) / rate.expected - 1) < 1.5e-3)
  }

  // MARK: in words

  private func forecast(_ block: [Choice<Layers>], blocks: Int = 50) throws -> Forecast {
    try recipe(block, width: 32, batch: 64, blocks: blocks)
      .forecast(parts(width: 32, rows: 256, seed: 1), .quick)
  }

  @Test func itIsNamedAsTheReason() throws {
    let forecast = try forecast([.dense(32), .batchNorm(), .relu])
    let growth = try #require(forecast.batchNormGrowth)
    // √1.493 in each of 50 layers, but less in the first, whose inputs are not yet alike.
    #expect(abs(growth / (24.5 * log10(1.493)) - 1) < 0.05)
    #expect(abs(forecast.gradientGrowth / growth - 1) < 0.2)
    let note = try #require(forecast.notes.first)
    #expect(note.hasPrefix("batch normalisation makes 10^4."))
    #expect(note.hasSuffix("×1.21 a layer; residual connections end it"))
  }

  @Test func elsewhereItIsNot() throws {
    let residual = try forecast([.residual([.batchNorm(), .relu, .dense(32)])])
    #expect(residual.batchNormGrowth == nil && residual.notes.isEmpty)
    let plain = try forecast([.dense(32), .relu])
    #expect(plain.batchNormGrowth == nil && plain.notes.isEmpty)
    // Four layers make too little of it to be worth a word.
    #expect(try forecast([.dense(32), .batchNorm(), .relu], blocks: 4).notes.isEmpty)
    // Weights that are too large grow far more than it does.
    let large = try forecast(
      [.dense(32, initializer: .normal(std: 1)), .relu, .dense(32), .batchNorm(), .relu],
      blocks: 1)
    #expect(large.notes.isEmpty)
  }
}
