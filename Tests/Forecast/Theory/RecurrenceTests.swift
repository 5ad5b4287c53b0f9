import Foundation
import KeelEngine
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

/// Growth over time: theory, measurement and singular values (NUMBERS.md, E1 and E2).
struct RecurrenceForecastTests {
  private func recipe(
    _ layer: Choice<Layers>, steps: Int = 100, batch: Int = 32, seed: UInt64 = 1
  ) -> Recipe {
    Recipe(
      seed: seed, data: .regression(samples: 64, features: steps, noise: 0.1), input: [steps, 1],
      model: [layer, .dense(1)], loss: .meanSquaredError, optimizer: .sgd(learningRate: 1e-9),
      training: .init(epochs: 1, batch: batch))
  }

  private func layers(_ recipe: Recipe) throws -> (Propagation, KeelForecast.Measurement) {
    let virtualTrainer = try VirtualTrainer(
      Problem(recipe, rows: recipe.data.member.load(from: ".", seed: recipe.seed)))
    let theory = Propagation(
      recipe, input: virtualTrainer.plan.input.shape, signal: virtualTrainer.sampleSignal(),
      batch: virtualTrainer.batchSize)
    return (theory, virtualTrainer.measurement())
  }

  // MARK: E1

  @Test("E1: the norm that an explosion needs") func criticalNorm() {
    #expect(SpectralNorm.critical(Tanh()) == 1)
    #expect(SpectralNorm.critical(Sigmoid()) == 4)
    #expect(SpectralNorm.critical(ReLU()) == 1)
    #expect(SpectralNorm.critical(Linear()) == 1)
  }

  /// Below the critical norm no gradient grows, whatever the weights; above it, it may.
  @Test("E1: at the critical norm nothing grows", arguments: [0.5, 0.9, 1])
  func nothingGrowsBelow(share: Double) throws {
    for (activation, critical) in [(Choice<Activations>.tanh, 1.0), (.sigmoid, 4)] {
      let layer = Choice<Layers>.recurrent(
        32, recurrentInitializer: .orthogonal(gain: share * critical), activation: activation)
      let measured = try layers(recipe(layer, steps: 40)).1
      #expect(measured.layers[0].timeGrowth < 1e-6, "\(activation.name) \(share)")
    }
  }

  @Test("singular values", arguments: [1, 2, 7, 64]) func spectralNorm(units: Int) {
    func norm(_ rule: Choice<Initializers>) -> Double {
      var random = Random(seed: 3, stream: "test")
      var values = [Float](repeating: 0, count: units * units)
      values.withUnsafeMutableBufferPointer {
        rule.member.fill($0, fan: Fan(input: units, output: units), random: &random)
      }
      return SpectralNorm.largest(of: values, units: units)
    }
    #expect(abs(norm(.orthogonal(gain: 1.7)) / 1.7 - 1) < 1e-5)
    #expect(abs(norm(.orthogonal(gain: 1e30)) / 1e30 - 1) < 1e-5)
    #expect(norm(.zeros) == 0)
    #expect(abs(norm(.identity) - 1) < 1e-6)
    // Two gates, of which the larger counts.
    var gates = [Float](repeating: 0, count: 2 * units * units)
    for unit in 0..<units {
      gates[unit * units + unit] = Float(unit + 1) / Float(units)
      gates[(units + unit) * units + unit] = -3 * Float(unit + 1) / Float(units)
    }
    #expect(abs(SpectralNorm.largest(of: gates, units: units) - 3) < 3e-3)
  }

  @Test func brokenWeights() {
    #expect(SpectralNorm.largest(of: [1, .infinity, 0, 1], units: 2) == .infinity)
    #expect(!SpectralNorm.largest(of: [1, .nan, 0, 1], units: 2).isFinite)
    #expect(SpectralNorm.largest(of: [2, .nan, 3], units: 1).isNaN, "among sound gates")
  }

  // MARK: E2

  @Test("E2: linear recurrence grows by ρ^T", arguments: [0.8, 1.2, 1.5])
  func linearRecurrence(radius: Double) throws {
    let expected = 100 * log10(radius)
    for seed in UInt64(1)...3 {
      let (theory, measured) = try layers(
        recipe(linear(.orthogonal(gain: radius)), seed: seed))
      let (found, gains) = (measured.layers[0].timeGrowth, theory.gradientGrowth ?? .nan)
      print("E2: ρ = \(radius), seed \(seed): 10^\(found), theory 10^\(gains), 10^\(expected)")
      #expect(abs(found - expected) < 1, "within ×10")
      #expect(abs(gains - expected) < 1)
      // From the first step in time to the output layer, which adds a factor of its own.
      #expect(abs((measured.gradientGrowth ?? .nan) - expected) < 1.5)
    }
  }

  /// The same with normal weights, whose spectral radius is near ρ (the circular law) and is
  /// measured here. A draw may stray: at 128 units the eigenvector that wins has about a hundredth
  /// of the square of what it begins with, so growths lie 0.2 to 1.5 decades below; the mean is
  /// nearer.
  @Test("E2: normal weights") func linearNormalRecurrence() throws {
    let rule = Choice<Initializers>.normal(std: 1.2 / 128.0.squareRoot())
    let seeds = UInt64(1)...4
    let differences = try seeds.map { seed in
      let recipe = recipe(linear(rule), seed: seed)
      let growth = try layers(recipe).1.layers[0].timeGrowth
      return growth - 100 * log10(spectralRadius(rule, seed: seed))
    }
    print("E2, normal weights, decades beside ρ^T: \(differences)")
    #expect(abs(differences.reduce(0, +) / 4) < 1, "within ×10")
    #expect(differences.allSatisfy { abs($0) < 2 })
  }

  /// The rate at which powers of the recurrent weight grow, from the 200th to the 600th.
  private func spectralRadius(_ rule: Choice<Initializers>, seed: UInt64) -> Double {
    let units = 128
    var random = Random(seed: seed, stream: "recurrent-1.recurrent-weight")
    var weight = [Float](repeating: 0, count: units * units)
    weight.withUnsafeMutableBufferPointer {
      rule.member.fill($0, fan: Fan(input: units, output: units), random: &random)
    }
    let matrix = weight.map(Double.init)
    var vector = [Double](repeating: 1, count: units)
    var logGrowth = 0.0
    for step in 0..<600 {
      var next = [Double](repeating: 0, count: units)
      for row in 0..<units {
        var sum = 0.0
        for column in 0..<units { sum += matrix[row * units + column] * vector[column] }
        next[row] = sum
      }
      let norm = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
      vector = next.map { $0 / norm }
      if step >= 200 { logGrowth += log(norm) }
    }
    return exp(logGrowth / 400)
  }

  private func linear(_ rule: Choice<Initializers>) -> Choice<Layers> {
    .recurrent(128, recurrentInitializer: rule, activation: .linear)
  }

  struct Comparison: CustomTestStringConvertible, Sendable {
    let layer: Choice<Layers>
    /// In decades: of forward gain, and of growth over thirty steps.
    var forward = 0.15
    var growth = 0.5
    var testDescription: String { layer.written!.line }
  }

  /// Theory follows what is measured through saturation, gates and truncation. Forwards it takes
  /// every step's weights for fresh ones: states that add up over time it does not see.
  @Test(arguments: [
    Comparison(layer: .recurrent(128)),
    Comparison(layer: .recurrent(128, recurrentInitializer: .orthogonal(gain: 2))),
    Comparison(
      layer: .recurrent(128, recurrentInitializer: .orthogonal(gain: 1.6), activation: .relu),
      forward: 0.7),
    Comparison(layer: .recurrent(128, truncate: 10, activation: .linear)),
    Comparison(layer: .lstm(128)), Comparison(layer: .gru(128)),
    Comparison(
      layer: .lstm(128, recurrentInitializer: .orthogonal(gain: 3)), forward: 0.7, growth: 1),
    Comparison(
      layer: .gru(128, recurrentInitializer: .orthogonal(gain: 3)), forward: 0.7, growth: 1),
    Comparison(layer: .lstm(128, return: .sequence)),
  ])
  func theoryFollows(_ comparison: Comparison) throws {
    let layer = comparison.layer
    var recipe = recipe(layer, steps: 30, batch: 64)
    if (layer.ingredient as? any Recurrence)?.output == .sequence {
      recipe.model = [layer, .flatten, .dense(1)]
    }
    let (theory, measured) = try layers(recipe)
    let gains = theory.gains(inputLogSquare: 0)
    let expected = try #require(theory.gradientGrowth)
    let found = try #require(measured.gradientGrowth)
    let (forward, theoryForward) = (measured.layers[0].forwardGain, gains[0].forward)
    print("\(comparison.testDescription): 10^\(found), theory 10^\(expected)")
    print("  forward \(forward), theory \(theoryForward)")
    #expect(abs(log10(forward / theoryForward)) < comparison.forward)
    #expect(abs(found - expected) < comparison.growth)
    #expect(measured.layers[0].backwardGain.isFinite)
  }

  @Test func aForecastSaysSo() throws {
    let recipe = recipe(
      .recurrent(16, recurrentInitializer: .orthogonal(gain: 1.3), activation: .linear), steps: 50)
    let forecast = try recipe.forecast(
      recipe.data.member.load(from: ".", seed: recipe.seed), .quick)
    let recurrence = try #require(forecast.layers[0].recurrence)
    #expect(abs(recurrence.spectralNorm - 1.3) < 1e-3)
    #expect(abs(recurrence.timeGrowth - 49 * log10(1.3)) < 1e-3)
    #expect(forecast.layers[1].recurrence == nil)
  }
}
