import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

@Suite struct LayerNormTests {
  @Test(arguments: SequenceVector.of("layer-norm")) func agreesWithPyTorch(_ vector: SequenceVector)
    throws
  {
    try vector.check()
  }

  @Test func vectorsAreThere() { #expect(SequenceVector.of("layer-norm").count == 6) }

  @Test(arguments: GradientTests.losses) func gradients(loss: Named<Choice<Losses>>) throws {
    let model: [Choice<Layers>] = [
      .layerNorm(epsilon: 0.01), .dense(5), .residual([.layerNorm(), .tanh, .dense(5)]),
      .layerNorm(),
    ]
    for row in [[4], [2, 4]] {
      let head: [Choice<Layers>] = [.flatten] + Network.head(for: loss.value)
      _ = try GradientCheck(
        name: "layer norm", model: model + head, row: row, loss: loss.value, seed: 21
      ).run()
    }
  }

  /// Whatever goes in, each vector comes out with mean 0 and variance 1.
  @Test(arguments: [Float(1e-30), 1e-10, 1, 1e15, 3e38]) func anySize(size: Float) throws {
    let harness = try Harness(recipe([.layerNorm(epsilon: 0), .dense(1)]), row: [4], rows: 2)
    harness.inputs = [size, -size, size / 2, 0, size, size / 2, size / 4, size / 8]
    #expect(harness.forward())
    let output = harness.output(of: "layer-norm-1").map(Double.init)
    for start in [0, 4] {
      let vector = output[start..<start + 4]
      #expect(abs(vector.reduce(0, +)) < 1e-5)
      #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 4) < 1e-5)
    }
    harness.outputGradient = [1, 1]
    #expect(harness.backward())
  }

  /// Adding a number to all features, or multiplying all by one, changes nothing.
  @Test func ignoresShiftAndScale() throws {
    let harness = try Harness(recipe([.layerNorm(epsilon: 0), .dense(1)]), row: [6], rows: 1)
    var dice = Dice(seed: 4)
    let start = dice.normals(6)
    harness.inputs = start
    harness.forward()
    let before = harness.output(of: "layer-norm-1").map(Double.init)
    harness.inputs = start.map { 8 * $0 + 2 }
    harness.forward()
    #expect(relativeError(harness.output(of: "layer-norm-1"), before) < 1e-5, "seed 4")
  }

  /// One vector with a NaN or an infinity is seen, and the others are not touched by it.
  @Test(arguments: [Float.nan, .infinity, -.infinity]) func seesNonFinite(value: Float) throws {
    let harness = try Harness(recipe([.layerNorm(), .dense(1)]), row: [2, 3], rows: 1)
    harness.inputs = [1, value, 3, 4, 5, 7]
    #expect(!harness.forward())
    let output = harness.output(of: "layer-norm-1")
    #expect(output[0...2].contains { $0.isNaN } && output[3...5].allSatisfy { $0.isFinite })
    harness.inputs = [1, 2, 3, 4, 5, 7]
    #expect(harness.forward())
    harness.outputGradient = [value, 1]
    #expect(!harness.backward())
  }

  /// Only without an epsilon a constant vector is 0/0.
  @Test func constantVector() throws {
    for (epsilon, origin) in [(1e-5, NonFiniteOrigin.overflow), (0, .invalid)] {
      let harness = try Harness(
        recipe([.layerNorm(epsilon: epsilon), .dense(1)]), row: [3], rows: 1)
      harness.inputs = [3, 3, 3]
      harness.forward()
      let operation = harness.operation("layer-norm-1")
      #expect(operation.kernel.origin(harness.pass) == origin)
      #expect(harness.output(of: "layer-norm-1").allSatisfy { epsilon == 0 ? $0.isNaN : $0 == 0 })
    }
  }
}
