import Foundation
import KeelData
import KeelEngine
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Convolutions, pools and projections in theory, and against measurement.
struct ImageGainTests {
  private func recipe(_ model: [Choice<Layers>], seed: UInt64 = 1) -> Recipe {
    Recipe(
      seed: seed, data: .spirals(), model: model, loss: .softmaxCrossEntropy,
      optimizer: .sgd(learningRate: 1e-6), training: .init(epochs: 1, batch: 16))
  }

  private func gains(_ model: [Choice<Layers>], _ row: [Int]) -> [Propagation.LayerGain] {
    Propagation(
      recipe(model), input: Shape(row), signal: SignalMoments(logSquare: 0, correlation: 0),
      batch: 16
    ).gains(inputLogSquare: 0)
  }

  /// A convolution is a dense layer of fan-in kernel²·channels: A1 again.
  @Test("A1, convolutions", arguments: [(1.5, 0.75), (2, 1), (3, 1.5)])
  func reluLayers(variance: Double, expected: Double) {
    let std = (variance / (9 * 256)).squareRoot()
    let block: [Choice<Layers>] = [.conv2d(256, initializer: .normal(std: std)), .relu]
    let inner = gains([.conv2d(256), .repeat(6, block)], [16, 16, 4])[3]
    #expect(abs(pow(inner.backward, 2) / expected - 1) < 1e-3)
    #expect(abs(pow(inner.forward, 2) / expected - 1) < 1e-3)
    #expect(inner.isExact)
  }

  /// A 3 × 3 window over 4 × 4 pixels, one of padding: of 144 taps 100 lie inside.
  @Test func paddingTakesItsShare() {
    let he = Choice<Initializers>.lecun()
    let padded = gains([.conv2d(64, padding: .same, initializer: he)], [4, 4, 64])[0]
    #expect(abs(pow(padded.forward, 2) - 100.0 / 144) < 1e-9)
    #expect(abs(pow(padded.backward, 2) - 100.0 / 144) < 1e-9)
    #expect(!padded.isExact)
    #expect(gains([.conv2d(64, initializer: he)], [4, 4, 64])[0].isExact)
  }

  /// Where theory calls itself exact, a real batch shows it; elsewhere it must be near.
  @Test(arguments: [
    ("valid", [Choice<Layers>.conv2d(96), .relu, .conv2d(96), .relu, .conv2d(96)], 0.05, 0.05),
    ("stride", [.conv2d(96), .relu, .conv2d(96, stride: 2), .tanh, .conv2d(96)], 0.05, 0.05),
    ("groups", [.conv2d(96), .relu, .conv2d(96, groups: 2), .relu, .conv2d(96)], 0.07, 0.07),
    (
      "same",
      [
        .conv2d(96, padding: .same), .relu, .conv2d(96, padding: .same), .relu,
        .conv2d(96, padding: .same),
      ], 0.1, 0.1
    ),
    (
      "projection",
      [
        .conv2d(64),
        .residual([.relu, .conv2d(96, padding: .same)], shortcut: .projection), .relu,
        .conv2d(96),
      ], 0.12, 0.12
    ),
    (
      "strided projection",
      [
        .conv2d(64),
        .residual(
          [.relu, .conv2d(96, kernel: 1, stride: 2)], shortcut: .projection, stride: 2),
        .conv2d(96),
      ], 0.07, 0.07
    ),
    ("average pool", [.conv2d(96), .averagePool2d(), .conv2d(96)], 0.1, 0.05),
    ("max pool", [.conv2d(96), .maxPool2d(), .conv2d(96)], 0.15, 0.05),
    ("global pool", [.conv2d(96), .globalAveragePool2d, .dense(96)], 0.15, 0.05),
  ])
  func isNearWhatIsMeasured(
    name: String, model: [Choice<Layers>], forward: Double, backward: Double
  ) throws {
    var sums: [(forward: Double, backward: Double)] = []
    var theory: [Forecast.Layer] = []
    let head: [Choice<Layers>] = [.flatten, .dense(10, initializer: .lecun())]
    for seed in UInt64(1)...3 {
      let forecast = try recipe(model + head, seed: seed).forecast(parts(seed: seed), .quick)
      theory = forecast.layers
      if sums.isEmpty { sums = theory.map { _ in (0, 0) } }
      for (index, layer) in theory.enumerated() {
        sums[index].forward += log(layer.forwardGain) / 3
        sums[index].backward += log(layer.backwardGain) / 3
      }
    }
    for (index, layer) in theory.enumerated().dropLast() {
      let expected = try #require(layer.theory, "every layer of the catalogue is known")
      let ahead = exp(sums[index].forward) / expected.forwardGain
      let back = exp(sums[index].backward) / expected.backwardGain
      print("\(name), \(layer.name): forward \(ahead), backward \(back), \(expected.isExact)")
      #expect(abs(log(ahead)) < forward, "\(name): \(layer.name), forward ×\(ahead)")
      // The first layer's is theory's own figure: nobody hands a gradient to the input.
      if index > 0 { #expect(abs(log(back)) < backward, "\(name): \(layer.name) ×\(back)") }
    }
  }

  /// Normal pixels and random classes.
  private func parts(seed: UInt64, rows: Int = 16) -> DataSplit {
    var dice = Dice(seed: seed)
    let classes = (0..<rows).map { _ in Int32(dice.next() % 10) }
    return DataSplit(
      train: Examples(
        inputs: dice.normals(rows * 9 * 9 * 3), shape: Shape(9, 9, 3),
        targets: Targets(values: .classes(classes), columns: 1)), test: nil)
  }

  /// Standard normal weights: a factor of √(9·32/2) a layer, and a number although no float holds
  /// it.
  @Test func standardNormalConvolutions() throws {
    let block: [Choice<Layers>] = [
      .conv2d(32, padding: .same, initializer: .normal(std: 1)), .relu,
    ]
    let path = Propagation(
      recipe([.repeat(100, block)]), input: Shape(64, 64, 32),
      signal: SignalMoments(logSquare: 0, correlation: 0), batch: 16)
    let growth = try #require(path.gradientGrowth)
    let inside = (190.0 / 192.0) * (190.0 / 192.0)
    #expect(abs(growth / (99 * log10((9 * 32 * inside / 2).squareRoot())) - 1) < 1e-3)
  }
}
