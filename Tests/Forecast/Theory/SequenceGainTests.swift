import Foundation
import KeelEngine
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Theory of layers for sequences, against what the engine does.
struct SequenceGainTests {
  static let (rows, time, units) = (8, 16, 64)

  private func recipe(_ model: [Choice<Layers>], initializer: Choice<Initializers>) -> Recipe {
    Recipe(
      data: .spirals(), model: model, initializer: initializer, loss: .meanSquaredError,
      optimizer: .sgd(), training: .init(epochs: 1, batch: Self.rows))
  }

  /// Squared gains of a layer between two dense ones of orthogonal weights, which change nothing.
  private struct Gains {
    var forward = 0.0
    var backward = 0.0
  }

  private func model(_ layers: [Choice<Layers>]) -> [Choice<Layers>] {
    let keep: Choice<Layers> = .dense(Self.units, initializer: .orthogonal(), bias: false)
    return [keep] + layers + [keep]
  }

  private func measured(
    _ layers: [Choice<Layers>], initializer: Choice<Initializers>, size: Double
  ) throws -> Gains {
    var gains = Gains()
    for seed in UInt64(1)...4 {
      var recipe = recipe(model(layers), initializer: initializer)
      recipe.seed = seed
      let harness = try Harness(recipe, row: [Self.time, Self.units], rows: Self.rows)
      var dice = Dice(seed: seed)
      harness.inputs = dice.normals(harness.inputs.count, std: size)
      harness.forward()
      harness.outputGradient = dice.normals(harness.outputs.count)
      harness.backward()
      let before = harness.operation("dense-1").output
      let after = harness.plan.operations.last!.inputs[0]
      gains.forward += log(harness.squares(after.value) / harness.squares(before.value)) / 4
      gains.backward +=
        log(harness.squares(before.gradient!) / harness.squares(after.gradient!)) / 4
    }
    return Gains(forward: exp(gains.forward), backward: exp(gains.backward))
  }

  private func theory(
    _ layers: [Choice<Layers>], initializer: Choice<Initializers>, size: Double
  ) -> (gains: Gains, isExact: Bool) {
    let path = Propagation(
      recipe(model(layers), initializer: initializer), input: Shape(Self.time, Self.units),
      signal: SignalMoments(logSquare: 2 * log(size), correlation: 0), batch: Self.rows)
    let records = path.gains(inputLogSquare: 2 * log(size))
    let inner = records.dropFirst()
    let forward = inner.reduce(1) { $0 * $1.forward * $1.forward }
    return (
      Gains(forward: forward, backward: inner.reduce(1) { $0 * $1.backward * $1.backward }),
      records.allSatisfy(\.isExact)
    )
  }

  @Test(
    arguments: [
      Choice<Layers>.layerNorm(), .rmsNorm(), .layerNorm(epsilon: 0.5), .groupNorm(1),
      .groupNorm(8),
    ], [0.1, 1, 30])
  func norms(norm: Choice<Layers>, size: Double) throws {
    let measured = try measured([norm], initializer: .xavier(), size: size)
    let theory = theory([norm], initializer: .xavier(), size: size)
    print("\(norm.name), size \(size): measured \(measured), theory \(theory.gains)")
    #expect(theory.isExact)
    #expect(abs(theory.gains.forward / measured.forward - 1) < 0.05)
    #expect(abs(theory.gains.backward / measured.backward - 1) < 0.05)
  }

  static let attentions: [Choice<Layers>] = [
    .attention(heads: 4), .attention(heads: 4, causal: true), .attention(heads: 8, normalize: true),
    .attention(heads: 1, causal: true, normalize: true),
  ]

  /// Approximate, and said to be: within a fifth of the squared gains.
  @Test(arguments: attentions, [0.3, 1, 2]) func attention(layer: Choice<Layers>, size: Double)
    throws
  {
    let measured = try measured([layer], initializer: .xavier(), size: size)
    let theory = theory([layer], initializer: .xavier(), size: size)
    print("\(layer.written!.line), size \(size): measured \(measured), theory \(theory.gains)")
    #expect(!theory.isExact)
    for (a, b) in [
      (theory.gains.forward, measured.forward), (theory.gains.backward, measured.backward),
    ] { #expect(abs(a / b - 1) < 0.2) }
  }

  /// A row of the table is as large as its initializer makes it, whatever the ids.
  @Test(arguments: [false, true]) func embedding(positions: Bool) throws {
    let model: [Choice<Layers>] = [.embedding(50, 64, positions: positions), .dense(64)]
    let recipe = recipe(model, initializer: .normal(std: 0.3))
    let path = Propagation(
      recipe, input: Shape(Self.time), signal: SignalMoments(logSquare: 7, correlation: 0.4),
      batch: Self.rows)
    let gain = try #require(path.gains(inputLogSquare: 0).first)
    #expect(gain.name == "embedding-1")
    #expect(abs(gain.forward - 0.3 * (positions ? 2 : 1).squareRoot()) < 1e-6)
    #expect(abs(path.signal.correlation - (positions ? 0.5 : 0)) < 0.01)
  }

  /// A pre-norm transformer: every layer is known, records lie as the plan names them, and the
  /// gradient grows slowly however deep, as its residual branches are normalised.
  @Test func transformer() throws {
    let block: [Choice<Layers>] = [
      .residual([.layerNorm(), .attention(heads: 4, causal: true)]),
      .residual([.layerNorm(), .dense(128, activation: .gelu), .dense(64)]),
    ]
    func growth(_ blocks: Int) throws -> Double {
      let model: [Choice<Layers>] = [
        .embedding(50, 64, positions: true), .repeat(blocks, block), .layerNorm(), .dense(50),
      ]
      let recipe = recipe(model, initializer: .xavier())
      let path = Propagation(
        recipe, input: Shape(Self.time), signal: SignalMoments(logSquare: 7, correlation: 0),
        batch: Self.rows)
      let plan = try recipe.plan(row: Shape(Self.time), capacity: 2)
      let weights = Set(plan.parameters.filter { $0.role == .weight }.map(\.layer))
      #expect(
        path.gains(inputLogSquare: 7).map(\.name) == plan.layers.filter(weights.contains))
      return try #require(path.gradientGrowth)
    }
    let (shallow, deep) = (try growth(4), try growth(40))
    print("pre-norm transformer: growth \(shallow) at 4 blocks, \(deep) at 40")
    #expect(deep - shallow < 1)
  }

  /// The same without norms, with large weights: it is expected to explode.
  @Test func withoutNorms() throws {
    let block: [Choice<Layers>] = [.residual([.attention(heads: 4)])]
    let recipe = recipe(
      [.embedding(50, 64), .repeat(12, block), .dense(50)], initializer: .normal(std: 0.5))
    let path = Propagation(
      recipe, input: Shape(Self.time), signal: SignalMoments(logSquare: 7, correlation: 0),
      batch: Self.rows)
    #expect(try #require(path.gradientGrowth) > 6)
  }
}
