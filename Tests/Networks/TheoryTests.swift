import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// What theory says of signals in deep networks, measured on the real engine (NUMBERS.md, part 1).
///
/// Every rate is a geometric mean over inner layers and seeds, the first and last five layers left
/// out, of the *squared* norm of the gradient with respect to layer outputs. The gradient comes
/// from a random normal one at the network's output.
@Suite(.serialized) struct TheoryTests {
  static let seeds: [UInt64] = [1, 2, 3]

  /// He et al. 2015, eq. 14: ReLU and variance σ²/fan-in change the gradient's variance by σ²/2.
  @Test("A1", arguments: [(1.5, 0.75), (2, 1), (2.5, 1.25), (3, 1.5)])
  func reluLayers(variance: Double, expected: Double) throws {
    let width = 1024
    let std = (variance / Double(width)).squareRoot()
    let stack = DeepStack(
      width: width, batch: 16, block: [.dense(width, initializer: .normal(std: std)), .relu],
      blocks: 36)
    let rate = try stack.gradientRate(Self.seeds)
    report("A1 σ² = \(variance)", rate, expected)
    #expect(abs(rate / expected - 1) < 0.03)
  }

  /// He et al. 2015, §2.2: Xavier loses 2⁻³⁰ of the variance over 30 ReLU layers, He nothing.
  @Test("A2", arguments: [(Choice<Initializers>.xavier(), pow(2, -30.0)), (.he(), 1)])
  func xavierAndHe(initializer: Choice<Initializers>, expected: Double) throws {
    let width = 1024
    let stack = DeepStack(
      width: width, batch: 16, block: [.dense(width, initializer: initializer), .relu],
      blocks: 31)
    // Between the outputs of dense-1 and dense-31 lie 30 ReLU layers.
    let backward = try stack.mean(Self.seeds) { profile in
      log(profile.gradients.first! / profile.gradients.last!)
    }
    let forward = try stack.mean(Self.seeds) { profile in
      log(profile.outputs.last! / profile.outputs.first!)
    }
    report("A2 \(initializer.name) backward", backward, expected)
    report("A2 \(initializer.name) forward", forward, expected)
    #expect(backward > expected / 2 && backward < expected * 2)
    #expect(forward > expected / 2 && forward < expected * 2)
  }

  /// From A1: standard normal weights multiply the norm by √(n/2) a layer, 16 at width 512.
  @Test("A3") func standardNormal() throws {
    let width = 512
    let stack = DeepStack(
      width: width, batch: 16, block: [.dense(width, initializer: .normal(std: 1)), .relu],
      blocks: 28)
    let rate = try stack.gradientRate([1, 2, 3, 4, 5]).squareRoot()
    report("A3 norm", rate, 16)
    #expect(abs(rate / 16 - 1) < 0.03)
  }

  /// 16³² = 2¹²⁸: float32 ends after about 32 such layers, and where the twin says it does.
  @Test("A3, overflow", arguments: seeds) func standardNormalOverflows(seed: UInt64) throws {
    let width = 512
    let stack = DeepStack(
      width: width, batch: 2, block: [.dense(width, initializer: .normal(std: 1)), .relu],
      blocks: 40)
    let harness = try stack.harness()
    stack.draw(harness, seed: seed)
    #expect(!harness.forward(), "an activation reads what is not finite")
    let first = harness.layers.first { layer in !harness.output(of: layer).allSatisfy(\.isFinite) }
    let half = harness.inputs.count / 2
    let inputs = [harness.inputs.prefix(half), harness.inputs.suffix(half)]
    let twin = Twin(harness.recipe, row: [width])
    let overflow = twin.run(
      harness.parameters, inputs: inputs.map { $0.map(Double.init) },
      outputGradient: [Double](repeating: 0, count: harness.outputs.count)
    ).firstOverflow
    print("A3 seed \(seed): float32 overflows in \(first ?? "no layer")")
    #expect(first == overflow?.layer)
    let layer = Int(first?.split(separator: "-").last ?? "") ?? 0
    #expect((30...34).contains(layer))
  }

  /// Yang et al. 2019, theorem 8: batch norm and ReLU, large batch: × π/(π − 1).
  @Test("B1") func batchNormAndReLU() throws {
    let width = 1024
    let stack = DeepStack(
      width: width, batch: 1024, block: [.dense(width, initializer: .he()), .batchNorm(), .relu],
      blocks: 17)
    let rate = try stack.gradientRate(Self.seeds)
    report("B1", rate, 1.46694)
    #expect(abs(rate / 1.46694 - 1) < 0.01)
  }

  /// The same, eq. 25: small batches.
  @Test("B2", arguments: [(8, 1.788), (16, 1.590), (32, 1.522), (64, 1.493), (256, 1.473)])
  func batchNormAndReLU(batch: Int, expected: Double) throws {
    let width = 1024
    let stack = DeepStack(
      width: width, batch: batch, block: [.dense(width, initializer: .he()), .batchNorm(), .relu],
      blocks: 30)
    let rate = try stack.gradientRate(Self.seeds)
    report("B2 batch \(batch)", rate, expected)
    #expect(abs(rate / expected - 1) < 0.015)
  }

  /// The same, theorems 8 and 9: without an activation × (B − 2)/(B − 3).
  @Test("B3", arguments: [8, 16, 64]) func batchNormAlone(batch: Int) throws {
    let width = 1024
    let stack = DeepStack(
      width: width, batch: batch, block: [.dense(width, initializer: .lecun()), .batchNorm()],
      blocks: 30)
    let rate = try stack.gradientRate(Self.seeds)
    let expected = Double(batch - 2) / Double(batch - 3)
    report("B3 batch \(batch)", rate, expected)
    #expect(abs(rate / expected - 1) < 0.015)
  }

  /// Schoenholz et al. 2017: tanh, σ_b² = 0.05: the gradient's variance changes by χ₁ a layer.
  @Test("C2", arguments: [(1.0, 0.7590), (1.7, 0.9867), (2.5, 1.1335), (4.0, 1.3424)])
  func tanhLayers(variance: Double, expected: Double) throws {
    let width = 1024
    let dense = Choice<Layers>.dense(
      width, initializer: .normal(std: (variance / Double(width)).squareRoot()),
      biasInitializer: .normal(std: 0.05.squareRoot()))
    let stack = DeepStack(width: width, batch: 8, block: [dense, .tanh], blocks: 50)
    let rate = try stack.gradientRate(Array(1...8))
    report("C2 σ_w² = \(variance)", rate, expected)
    #expect(abs(rate / expected - 1) < 0.015)
  }

  /// A linear recurrence, unrolled: one matrix of spectral radius ρ, a hundred times; ratio ≈ ρ¹⁰⁰.
  @Test("E2", arguments: [1.2, 1.5, 0.8]) func linearRecurrence(radius: Double) throws {
    let (width, times) = (128, 100)
    let stack = DeepStack(
      width: width, batch: 8, block: [.dense(width, bias: false)], blocks: times + 1)
    let ratio = try stack.mean(Array(1...5)) { harness, seed in
      let matrix = matrixOfRadius(radius, width, seed: seed)
      for parameter in harness.plan.parameters { harness[parameter.buffer] = matrix }
    } of: { profile in
      log((profile.gradients.first! / profile.gradients.last!).squareRoot())
    }
    let expected = pow(radius, Double(times))
    report("E2 ρ = \(radius)", ratio, expected)
    #expect(ratio > expected / 10 && ratio < expected * 10)
  }

  /// Every singular value ρ: then the ratio is ρ¹⁰⁰ itself.
  @Test("E2, orthogonal", arguments: [1.2, 1.5, 0.8]) func orthogonal(radius: Double) throws {
    let dense = Choice<Layers>.dense(128, initializer: .orthogonal(gain: radius), bias: false)
    let stack = DeepStack(width: 128, batch: 8, block: [dense], blocks: 101)
    let ratio = try stack.mean([1]) { profile in
      log((profile.gradients.first! / profile.gradients.last!).squareRoot())
    }
    let expected = pow(radius, 100)
    report("E2 orthogonal, ρ = \(radius)", ratio, expected)
    #expect(abs(ratio / expected - 1) < 1e-3)
  }

  /// x + W·relu(x), He: the path around keeps the variance, the branch adds as much again.
  @Test("F1") func residualBlocks() throws {
    let width = 1024
    let block: Choice<Layers> = .residual([.relu, .dense(width, initializer: .he())])
    let stack = DeepStack(
      width: width, batch: 16, block: [block], blocks: 40, measured: "residual")
    let rate = try stack.gradientRate(Self.seeds)
    let forward = try stack.mean(Self.seeds) { profile in
      log(profile.outputs[34] / profile.outputs[5]) / 29
    }
    report("F1 backward", rate, 2)
    report("F1 forward", forward, 2)
    #expect(abs(rate / 2 - 1) < 0.05)
    #expect(abs(forward / 2 - 1) < 0.05)
  }

  private func report(_ id: String, _ measured: Double, _ expected: Double) {
    print("\(id): measured \(measured), expected \(expected), ratio \(measured / expected)")
  }
}
