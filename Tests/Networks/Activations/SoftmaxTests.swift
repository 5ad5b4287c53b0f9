import Foundation
import KeelEngine
import KeelRecipes
import KeelTestSupport
import Testing

/// Softmax, the one activation that looks at a whole row.
@Suite struct SoftmaxTests {
  @Test(arguments: [1, 2, 3, 17, 700]) func agreesWithItsFormula(columns: Int) throws {
    let seed: UInt64 = 21
    var dice = Dice(seed: seed)
    let inputs = dice.normals(4 * columns, std: 8)
    let outputs = try run(inputs, columns)
    for row in 0..<4 {
      let places = row * columns..<(row + 1) * columns
      let terms = inputs[places].map { exp(Double($0)) }
      let expected = terms.map { $0 / terms.reduce(0, +) }
      #expect(relativeError(Array(outputs[places]), expected) < 2e-6, "seed \(seed), row \(row)")
      #expect(abs(outputs[places].reduce(0) { $0 + Double($1) } - 1) < 1e-6)
    }
  }

  @Test func largeLogits() throws {
    #expect(try run([1e30, -1e30, 0], 3) == [1, 0, 0])
    #expect(try run([3e38, -3e38, 3e38], 3) == [0.5, 0, 0.5])
    #expect(try run([-1e30, -1e30], 2) == [0.5, 0.5])
  }

  @Test func nonFiniteLogits() throws {
    #expect(try run([-.infinity, 4, 4], 3) == [0, 0.5, 0.5])
    #expect(try run([.infinity, 4], 2).allSatisfy { $0.isNaN }, "∞ − ∞ is no number")
    #expect(try run([-.infinity, -.infinity], 2).allSatisfy { $0.isNaN })
    for nan in [Float.nan, -.nan] {
      let outputs = try run([1, 2, nan, 3, 4, 5], 3)
      #expect(outputs[..<3].allSatisfy { $0.isNaN })
      #expect(outputs[3...].allSatisfy { $0.isFinite })
    }
  }

  private func run(_ inputs: [Float], _ columns: Int) throws -> [Float] {
    let recipe = Recipe(
      data: .spirals(), model: [.softmax, .dense(1)], loss: .meanSquaredError, optimizer: .sgd(),
      training: .init(epochs: 1, batch: 1))
    let harness = try Harness(recipe, row: [columns], rows: inputs.count / columns)
    harness.inputs = inputs
    let finite = harness.forward()
    #expect(finite == inputs.allSatisfy { $0.isFinite })
    return harness.output(of: "softmax-1")
  }
}
