import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

@Suite struct RMSNormTests {
  @Test(arguments: SequenceVector.of("rms-norm")) func agreesWithPyTorch(_ vector: SequenceVector)
    throws
  {
    try vector.check()
  }

  @Test func vectorsAreThere() { #expect(SequenceVector.of("rms-norm").count == 6) }

  @Test(arguments: GradientTests.losses) func gradients(loss: Named<Choice<Losses>>) throws {
    let model: [Choice<Layers>] = [
      .rmsNorm(epsilon: 0.01), .dense(5), .residual([.rmsNorm(), .tanh, .dense(5)]), .rmsNorm(),
    ]
    _ = try GradientCheck(
      name: "RMS norm", model: model + Network.head(for: loss.value), row: [4], loss: loss.value,
      seed: 22
    ).run()
  }

  @Test(arguments: [Float(1e-30), 1, 1e15, 3e38]) func anySize(size: Float) throws {
    let harness = try Harness(recipe([.rmsNorm(epsilon: 0), .dense(1)]), row: [4], rows: 1)
    harness.inputs = [size, -size, size / 2, 0]
    #expect(harness.forward())
    #expect(
      relativeError(harness.output(of: "rms-norm-1"), [1, -1, 0.5, 0].map { $0 / 0.75 }) < 1e-6)
  }

  /// It has no bias, and leaves the mean in.
  @Test func hasOnlyAGain() throws {
    let harness = try Harness(recipe([.rmsNorm(), .dense(1)]), row: [3], rows: 1)
    #expect(harness.plan.parameters.map(\.name).prefix(1) == ["rms-norm-1.weight"])
    #expect(harness.plan.parameters.count == 3)
    harness.inputs = [2, 2, 2]
    harness.forward()
    #expect(relativeError(harness.output(of: "rms-norm-1"), [1, 1, 1]) < 1e-5)
  }

  @Test(arguments: [Float.nan, .infinity]) func seesNonFinite(value: Float) throws {
    let harness = try Harness(recipe([.rmsNorm(), .dense(1)]), row: [3], rows: 1)
    harness.inputs = [1, value, 3]
    #expect(!harness.forward())
    #expect(harness.output(of: "rms-norm-1").contains { $0.isNaN })
  }
}
