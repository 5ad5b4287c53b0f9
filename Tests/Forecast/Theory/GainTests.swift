import Foundation
import KeelEngine
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelSettings
import Testing

/// Theory alone, against the numbers it is known by (NUMBERS.md, section 1), and against
/// measurement.
struct GainTests {
  /// The rate of the squared gradient in the inner blocks of a deep stack.
  private func rate(
    _ block: [Choice<Layers>], width: Int = 1024, batch: Int = 64, blocks: Int = 40
  ) -> (backward: Double, forward: Double) {
    let recipe = Recipe(
      data: .spirals(), model: [.repeat(blocks, block)], loss: .meanSquaredError,
      optimizer: .sgd(), training: .init(epochs: 1, batch: batch))
    let path = Propagation(
      recipe, input: Shape(width), signal: SignalMoments(logSquare: 0, correlation: 0),
      batch: batch)
    let gains = path.gains(inputLogSquare: 0)
    return (pow(gains[blocks - 6].backward, 2), pow(gains[blocks - 6].forward, 2))
  }

  @Test("A1", arguments: [(1.5, 0.75), (2, 1), (2.5, 1.25), (3, 1.5)])
  func reluLayers(variance: Double, expected: Double) {
    let std = (variance / 1024).squareRoot()
    let rate = rate([.dense(1024, initializer: .normal(std: std)), .relu])
    #expect(abs(rate.backward / expected - 1) < 1e-3)
    #expect(abs(rate.forward / expected - 1) < 1e-3)
  }

  @Test("B1: batch norm and ReLU, a large batch: × π/(π − 1)") func batchNormLargeBatch() {
    let rate = rate([.dense(1024, initializer: .he()), .batchNorm(), .relu], batch: 1_000_000)
    #expect(abs(rate.backward / (Double.pi / (.pi - 1)) - 1) < 1e-3)
  }

  @Test(
    "B2: the same in small batches",
    arguments: [(8, 1.788), (16, 1.590), (32, 1.522), (64, 1.493), (256, 1.473)])
  func batchNormSmallBatch(batch: Int, expected: Double) {
    let rate = rate([.dense(1024, initializer: .he()), .batchNorm(), .relu], batch: batch)
    print("B2 \(batch): \(rate.backward), eq. 25 \(expected)")
    #expect(abs(rate.backward / expected - 1) < 1.5e-3)
  }

  @Test("B3: batch norm alone: × (B − 2)/(B − 3)", arguments: [8, 16, 64])
  func batchNormAlone(batch: Int) {
    let rate = rate([.dense(1024, initializer: .lecun()), .batchNorm()], batch: batch)
    #expect(abs(rate.backward / (Double(batch - 2) / Double(batch - 3)) - 1) < 1e-3)
  }

  @Test("C1: tanh, the critical variance at σ_b² = 0.05") func criticalVariance() throws {
    let tanh = try #require((Choice<Activations>.tanh.member).elementwise)
    let critical = try #require(MeanField.criticalWeightVariance(tanh, biasVariance: 0.05))
    print("C1: \(critical)")
    #expect(abs(critical - 1.7610) < 1e-3)
    let unbiased = try #require(MeanField.criticalWeightVariance(tanh, biasVariance: 1e-8))
    #expect(abs(unbiased - 1) < 5e-3)
  }

  @Test("C2: χ₁", arguments: [(1.0, 0.7590), (1.7, 0.9867), (2.5, 1.1335), (4.0, 1.3424)])
  func slopes(variance: Double, expected: Double) throws {
    let tanh = try #require((Choice<Activations>.tanh.member).elementwise)
    let slope = MeanField.slope(tanh, weightVariance: variance, biasVariance: 0.05)
    #expect(abs(slope / expected - 1) < 2e-4)
    // And the same through a whole network.
    let dense = Choice<Layers>.dense(
      1024, initializer: .normal(std: (variance / 1024).squareRoot()),
      biasInitializer: .normal(std: 0.05.squareRoot()))
    #expect(abs(rate([dense, .tanh], blocks: 80).backward / expected - 1) < 2e-3)
  }

  /// F1, and the two other blocks that NUMBERS measured.
  @Test("residual blocks") func residualBlocks() {
    let before = rate([.residual([.relu, .dense(1024, initializer: .he())])])
    let after = rate([.residual([.dense(1024, initializer: .he()), .relu])])
    print("residual: relu-dense \(before), dense-relu \(after.forward)")
    #expect(abs(before.backward / 2 - 1) < 1e-3)
    #expect(abs(before.forward / 2 - 1) < 1e-3)
    #expect(abs(after.forward / 2.94 - 1) < 0.03)
  }

  @Test("a growth that no number holds is a number") func logDomain() throws {
    let recipe = Recipe(
      data: .spirals(), model: [.repeat(400, [.dense(512, initializer: .normal(std: 1)), .relu])],
      loss: .meanSquaredError, optimizer: .sgd(), training: .init(epochs: 1, batch: 8))
    let path = Propagation(
      recipe, input: Shape(512), signal: SignalMoments(logSquare: 0, correlation: 0), batch: 8)
    let growth = try #require(path.gradientGrowth)
    // 16 a layer, over 399 of them.
    #expect(abs(growth / (399 * log10(16)) - 1) < 1e-6)
    #expect(abs(try #require(path.largestSignal) / (400 * log10(16)) - 1) < 2e-3)
  }

  @Test("dropout") func dropout() {
    let rate = rate([.dense(1024, initializer: .lecun()), .dropout(0.5)])
    #expect(abs(rate.forward / 2 - 1) < 1e-6)
    #expect(abs(rate.backward / 2 - 1) < 1e-6)
  }
}
