import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Training against evaluation: what dropout and batch norm do in each, and what they remember.
@Suite struct ModeTests {
  @Test(arguments: [0, 0.1, 0.5, 0.9]) func dropoutDropsItsShare(rate: Double) throws {
    let harness = try harness([.dropout(rate), .dense(1)], width: 1000, rows: 100)
    let mask = harness.mask(of: "dropout-1")
    let kept = Float(1 / (1 - rate))
    #expect(mask.allSatisfy { $0 == 0 || abs($0 / kept - 1) < 1e-6 })
    let dropped = Double(mask.count { $0 == 0 }) / 1e5
    #expect(abs(dropped - rate) <= 4 * (rate * (1 - rate) / 1e5).squareRoot())
  }

  /// Another batch, another mask; the same batch, the same, whatever came between.
  @Test func dropoutIsAFunctionOfThePosition() throws {
    let harness = try harness([.dropout(), .dropout(), .dense(1)], width: 50, rows: 10)
    let first = harness.mask(of: "dropout-1")
    #expect(harness.mask(of: "dropout-2") != first, "each layer has its own")
    harness.position = 1
    let second = harness.mask(of: "dropout-1")
    #expect(second != first)
    let overlap = zip(first, second).count { $0 == $1 }
    #expect(abs(Double(overlap) / 500 - 0.5) < 4 * (0.25 / 500).squareRoot(), "independent")
    harness.position = 0
    #expect(harness.mask(of: "dropout-1") == first)
    harness.position = .max
    #expect(harness.mask(of: "dropout-1") != first)
  }

  @Test func dropoutPassesInEvaluation() throws {
    let harness = try harness([.dropout(0.9), .dense(1)], width: 40, rows: 3)
    harness.mode = .evaluation
    var dice = Dice(seed: 3)
    harness.inputs = dice.normals(120)
    harness.forward()
    #expect(harness.output(of: "dropout-1") == harness.inputs)
  }

  /// What dropout drops it has looked at.
  @Test func dropoutSeesWhatItDrops() throws {
    let harness = try harness([.dropout(0.999), .dense(1)], width: 100, rows: 1)
    harness.inputs = [Float](repeating: 1, count: 99) + [.nan]
    #expect(!harness.forward())
    let dropped = harness.output(of: "dropout-1")
    #expect(dropped[..<99].allSatisfy { $0.isFinite })
  }

  /// running ← 0.9·running + 0.1·batch, the variance unbiased; evaluation uses them.
  @Test func batchNormRemembers() throws {
    let seed: UInt64 = 51
    let harness = try harness([.batchNorm(momentum: 0.1), .dense(1)], width: 3, rows: 20)
    var dice = Dice(seed: seed)
    var (mean, variance) = ([0.0, 0, 0], [1.0, 1, 1])
    for _ in 0..<5 {
      harness.inputs = (0..<60).map { Float(dice.normal(Double($0 % 3 + 1)) + Double($0 % 3)) }
      harness.forward()
      harness.commit()
      for feature in 0..<3 {
        let column = stride(from: feature, to: 60, by: 3).map { Double(harness.inputs[$0]) }
        let batch = column.reduce(0, +) / 20
        let unbiased = column.reduce(0) { $0 + ($1 - batch) * ($1 - batch) } / 19
        mean[feature] = 0.9 * mean[feature] + 0.1 * batch
        variance[feature] = 0.9 * variance[feature] + 0.1 * unbiased
      }
    }
    let states = harness.plan.states.map { harness[$0.buffer] }
    #expect(relativeError(states[0], mean) < 1e-6, "seed \(seed)")
    #expect(relativeError(states[1], variance) < 1e-6, "seed \(seed)")
    harness.mode = .evaluation
    harness.forward()
    let expected = harness.inputs.enumerated().map { index, x in
      (Double(x) - mean[index % 3]) / (variance[index % 3] + 1e-5).squareRoot()
    }
    #expect(relativeError(harness.output(of: "batch-norm-1"), expected) < 1e-5, "seed \(seed)")
    #expect(harness.plan.states.map { harness[$0.buffer] } == states, "evaluation changes nothing")
  }

  /// Finite inputs of any size give finite outputs, even where their squares do not fit float32.
  @Test(arguments: [Float(1e-30), 1, 1e30, 3e38]) func batchNormOfAnySize(size: Float) throws {
    let harness = try harness([.batchNorm(epsilon: 0), .dense(1)], width: 1, rows: 4)
    harness.inputs = [size, -size, size / 2, 0]
    #expect(harness.forward())
    let root = (Double(1 + 1 + 0.25) / 4 - 0.125 * 0.125).squareRoot()
    let expected = [1, -1, 0.5, 0].map { ($0 - 0.125) / root }
    #expect(relativeError(harness.output(of: "batch-norm-1"), expected) < 1e-5)
  }

  private func harness(_ model: [Choice<Layers>], width: Int, rows: Int) throws -> Harness {
    let recipe = Recipe(
      seed: 6, data: .spirals(), model: model, loss: .meanSquaredError, optimizer: .sgd(),
      training: .init(epochs: 1, batch: rows))
    return try Harness(recipe, row: [width], rows: rows)
  }
}
