import KeelCauses
import KeelData
import KeelEngine
import KeelRecipes
import KeelTraining
import Testing

/// An experiment proves what it says: resets are whole, and a reference has time to learn.
struct ProofTests {
  private static func rows(
    _ count: Int, _ input: (Int) -> [Float], _ target: (Int) -> [Float]
  ) throws -> DataSplit {
    DataSplit(
      train: try Examples(inputs: (0..<count).map(input), targets: (0..<count).map(target)),
      test: nil)
  }

  /// Values without a pattern, the same on every machine; in 0 ..< 1.
  private static func dice(_ row: Int, _ salt: Int) -> Double {
    Double((row &* 7919 &+ salt &* 104_729) % 997) / 997
  }

  private func diagnosis(_ recipe: Recipe, _ parts: DataSplit) throws -> Diagnosis {
    let trainer = try Trainer(Problem(recipe, rows: parts))
    let training = trainer.train()
    return try Evidence(Problem(recipe, rows: parts), training: training, trace: trainer.trace)
      .diagnosis()
  }

  private static func linear(_ rate: Double, epochs: Int, batch: Int, seed: UInt64) -> Recipe {
    Recipe(
      seed: seed, data: .regression(samples: 8), model: [.dense(1)], loss: .meanSquaredError,
      optimizer: .sgd(learningRate: rate), training: .init(epochs: epochs, batch: batch))
  }

  /// A column of ones beside inputs of 0 to 200: it standardises to zero, and the reset is whole.
  @Test(arguments: [UInt64(0), 1, 2], [true, false])
  func aConstantColumnIsNoAlibi(_ seed: UInt64, _ hasOnes: Bool) throws {
    let parts = try Self.rows(
      60,
      { row in (hasOnes ? [1] : []) + [Float(200 * Self.dice(row, 1))] },
      { [Float(4 * Self.dice($0, 1) + 0.2 * Self.dice($0, 2) - 2)] })
    let recipe = Self.linear(0.01, epochs: 100, batch: 16, seed: seed)
    let first = try #require(try diagnosis(recipe, parts).findings.first)
    #expect(first.cause == UnscaledData.name && first.kind == .cause)
    #expect(first.place == "inputs")
  }

  /// Targets larger than the inputs, but only the inputs' scale makes it explode.
  @Test(arguments: [UInt64(0), 1, 2]) func theBlockThatHealsIsNamed(_ seed: UInt64) throws {
    let parts = try Self.rows(
      20, { [Float(20 + 3 * Double($0))] },
      { [Float(120 + 1.3 * Double($0) + 5 * Self.dice($0, 3))] })
    var recipe = Self.linear(0.0005, epochs: 1000, batch: 20, seed: seed)
    recipe.initializer = .zeros
    let diagnosis = try diagnosis(recipe, parts)
    let first = try #require(diagnosis.findings.first)
    #expect(first.cause == UnscaledData.name && first.place == "inputs")
    #expect(first.exhibits.first?.quantity == "root mean square of the inputs")
  }

  /// A rate for a gradient summed over a thousand rows; the reference rate needs more steps than
  /// the recipe has. One change is enough, so it is not overdetermined.
  @Test(arguments: [UInt64(0), 1, 2]) func aSlowReferenceIsGivenTime(_ seed: UInt64) throws {
    let parts = try Self.rows(
      1000, { [Float(2 * Self.dice($0, 4) - 1)] },
      { [Float(6 + 6 * (2 * Self.dice($0, 4) - 1) + Self.dice($0, 5))] })
    let recipe = Recipe(
      seed: seed, data: .regression(samples: 8),
      model: [.dense(10, activation: .sigmoid), .dense(1)], initializer: .uniform(1),
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 1000),
      training: .init(epochs: 60, batch: 1000))
    let first = try #require(try diagnosis(recipe, parts).findings.first)
    #expect(first.cause == LargeLearningRate.name)
    #expect(first.kind == .cause || first.kind == .contributing)
    guard case .training(let changes)? = first.exhibits.first?.reproduction else {
      Issue.record("nothing shows it again")
      return
    }
    #expect(changes.contains { $0.path == "optimizer.sgd.learning-rate" && $0.to?.number == 0.01 })
  }

  /// Two rows alike: standardised nothing would be left of them, so that is no experiment; the rate
  /// is measured with the data as they are.
  @Test(arguments: [UInt64(0), 1, 2]) func halfAResetIsNoExperiment(_ seed: UInt64) throws {
    let row = (0..<40).map { Float(25 * $0 - 500) }
    let parts = try Self.rows(2, { _ in row }, { _ in [600, -800] })
    let recipe = Recipe(
      seed: seed, data: .regression(samples: 8), model: [.dense(2)],
      initializer: .normal(std: 3), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0.00002), training: .init(epochs: 10, batch: 2))
    let diagnosis = try diagnosis(recipe, parts)
    let first = try #require(diagnosis.findings.first)
    #expect(first.cause == LargeLearningRate.name)
    let unscaled = diagnosis.findings.first { $0.cause == UnscaledData.name }
    #expect(unscaled?.kind == .suspect)
    #expect(!diagnosis.ruledOut.contains { $0.cause == UnscaledData.name })
  }

  /// A rate that is enough alone, and weights and a loss that are enough together: of one factor
  /// alone it is never said that it is not the only one.
  @Test(arguments: [UInt64(0), 1, 2]) func overdeterminedTakesTwo(_ seed: UInt64) throws {
    let recipe = Recipe(
      seed: seed, data: .spirals(samples: 400, classes: 3, noise: 0.05),
      model: [.dense(64, activation: .relu), .dense(3, activation: .softmax)],
      initializer: .normal(std: 3), loss: .meanSquaredError, optimizer: .sgd(learningRate: 300),
      training: .init(epochs: 40, batch: 40))
    for recipe in [recipe] + LargeLearningRate.guilty + PoorInitialization.guilty {
      let parts = try Problem(recipe).rows
      let findings = try diagnosis(recipe, parts).findings
      #expect(findings.count { $0.kind == .overdetermined } != 1 || findings.count > 1)
    }
    let truth: [Bool?] = [true, false, nil]
    for heals in truth {
      for sickens in truth {
        #expect(TruthTable.kinds(heals: [heals], sickens: [sickens]) != [.overdetermined])
      }
    }
    #expect(
      TruthTable.kinds(heals: [false, false], sickens: [true, true])
        == [.overdetermined, .overdetermined])
  }

  /// More than a tenth of the targets are no numbers: there is no range, and nothing traps.
  @Test func dataThatAreNoNumbersAreDiagnosed() throws {
    let parts = try Self.rows(
      10, { [Float($0)] }, { [$0 < 4 ? .nan : Float($0)] })
    let diagnosis = try diagnosis(Self.linear(0.01, epochs: 4, batch: 5, seed: 0), parts)
    #expect(diagnosis.verdict == .exploding)
  }
}
