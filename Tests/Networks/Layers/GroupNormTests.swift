import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

@Suite struct GroupNormTests {
  @Test(arguments: SequenceVector.of("group-norm")) func agreesWithPyTorch(_ vector: SequenceVector)
    throws
  {
    try vector.check()
  }

  @Test func vectorsAreThere() { #expect(SequenceVector.of("group-norm").count == 18) }

  @Test(arguments: GradientTests.losses) func gradients(loss: Named<Choice<Losses>>) throws {
    let model: [Choice<Layers>] = [
      .groupNorm(2, epsilon: 0.01), .dense(6), .residual([.groupNorm(3), .tanh, .dense(6)]),
      .groupNorm(1),
    ]
    for row in [[4], [2, 4], [2, 2, 4]] {
      let head: [Choice<Layers>] = [.flatten] + Network.head(for: loss.value)
      _ = try GradientCheck(
        name: "group norm", model: model + head, row: row, loss: loss.value, seed: 21
      ).run()
    }
  }

  /// Whatever goes in, each group comes out with mean 0 and variance 1.
  @Test(arguments: [Float(1e-30), 1e-10, 1, 1e15, 3e38]) func anySize(size: Float) throws {
    let harness = try Harness(
      recipe([.groupNorm(2, epsilon: 0), .dense(1)]), row: [2, 4], rows: 1)
    harness.inputs = [size, -size, size / 2, 0, size, size / 2, size / 4, size / 8]
    #expect(harness.forward())
    let output = harness.output(of: "group-norm-1").map(Double.init)
    for group in [[0, 1, 4, 5], [2, 3, 6, 7]] {
      let values = group.map { output[$0] }
      #expect(abs(values.reduce(0, +)) < 1e-5)
      #expect(abs(values.reduce(0) { $0 + $1 * $1 } - 4) < 1e-5)
    }
    harness.outputGradient = [1, 1]
    #expect(harness.backward())
  }

  /// A group with a NaN or an infinity is seen, and the others are not touched by it.
  @Test(arguments: [Float.nan, .infinity, -.infinity]) func seesNonFinite(value: Float) throws {
    let harness = try Harness(recipe([.groupNorm(2), .dense(1)]), row: [4], rows: 1)
    harness.inputs = [1, value, 3, 4]
    #expect(!harness.forward())
    let output = harness.output(of: "group-norm-1")
    #expect(output[0...1].contains { $0.isNaN } && output[2...3].allSatisfy { $0.isFinite })
    harness.inputs = [1, 2, 3, 5]
    #expect(harness.forward())
    harness.outputGradient = [value]
    #expect(!harness.backward())
  }

  /// Only without an epsilon a constant group is 0/0.
  @Test func constantGroup() throws {
    for (epsilon, origin) in [(1e-5, NonFiniteOrigin.overflow), (0, .invalid)] {
      let harness = try Harness(
        recipe([.groupNorm(1, epsilon: epsilon), .dense(1)]), row: [3], rows: 1)
      harness.inputs = [3, 3, 3]
      harness.forward()
      let operation = harness.operation("group-norm-1")
      #expect(operation.kernel.origin(harness.pass) == origin)
      #expect(harness.output(of: "group-norm-1").allSatisfy { epsilon == 0 ? $0.isNaN : $0 == 0 })
    }
  }

  @Test func groupsThatDoNotFitAreRefused() throws {
    for (groups, row) in [(4, [6]), (6, [6]), (0, [6])] {
      #expect(throws: KeelError.self) {
        try Harness(recipe([.groupNorm(groups), .dense(1)]), row: row, rows: 1)
      }
    }
    _ = try Harness(recipe([.groupNorm(6), .flatten, .dense(1)]), row: [2, 6], rows: 1)
  }
}
