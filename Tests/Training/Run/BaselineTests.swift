import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

/// What a loss is held against: never better for being worse, whatever the data.
struct BaselineTests {
  private static func recipe(
    _ loss: Choice<Losses>, _ outputs: Int, standardize: Recipe.Standardize = .none,
    badSteps: TrainingSettings.BadSteps = .stop
  ) -> Recipe {
    Recipe(
      data: .regression(samples: 8), standardize: standardize, model: [.dense(outputs)], loss: loss,
      optimizer: .sgd(learningRate: 0.01),
      training: .init(epochs: 4, batch: 4, badSteps: badSteps))
  }

  /// The best constant output under classes, counted, is that of the same rows one-hot.
  @Test(
    arguments: [
      .softmaxCrossEntropy, .crossEntropy, .binaryCrossEntropy, .sigmoidCrossEntropy,
      .meanSquaredError, .meanAbsoluteError, .huber(delta: 0.3),
    ] as [Choice<Losses>])
  func countsAreRows(_ loss: Choice<Losses>) {
    let counts = [7, 2, 4]
    var dense: [Float] = []
    for (label, count) in counts.enumerated() {
      for _ in 0..<count { dense += (0..<5).map { $0 == label ? 1 : 0 } }
    }
    let expected = loss.member.constantLoss(dense, columns: 5)
    let counted = loss.member.constantLoss(counts: counts, classes: 5)
    #expect(abs(counted - expected) <= 1e-7 * max(1, expected))
  }

  /// A class for each of many rows: one-hot they would take 40 GB.
  @Test func manyClassesFitMemory() throws {
    let count = 100_000
    let rows = try Examples(
      inputs: (0..<count).map { [Float($0 % 7)] }, classes: (0..<count).map { $0 })
    var recipe = Self.recipe(.softmaxCrossEntropy, count)
    recipe.training = .init(epochs: 1, batch: 2, maxSteps: 1)
    let trainer = try Trainer(Problem(recipe, train: rows))
    #expect(abs(trainer.baseline.constant - log(Double(count))) < 1e-6)
  }

  /// A target that is no number takes nothing from what the others are worth.
  @Test func aTargetThatIsNoNumberDoesNotBlind() throws {
    var targets = (0..<8).map { [Float($0)] }
    targets[3] = [.nan]
    let rows = try Examples(inputs: (0..<8).map { [Float($0)] }, targets: targets)
    let baseline = try Trainer(Problem(Self.recipe(.meanSquaredError, 1), train: rows)).baseline
    #expect(baseline.constant.isFinite && baseline.constant > 0)
  }

  /// Standardised by what is finite: one bad number does not make all of them bad.
  @Test func aNumberThatIsNoneDoesNotBlindTheScale() throws {
    let inputs = [Float.nan, 0, 2, 4].map { [$0, 7] }
    let rows = try Examples(inputs: inputs, targets: [[0], [1], [2], [3]])
    let data = try Trainer(
      Problem(Self.recipe(.meanSquaredError, 1, standardize: .inputs), train: rows)
    )
    .data.train
    #expect(data.inputs[0].isNaN)
    // A constant column becomes zero.
    #expect(data.inputs[1...].enumerated().allSatisfy { $0 % 2 == 0 ? $1 == 0 : $1.isFinite })
    #expect(abs(data.inputs[2] + 1.2247449) < 1e-6)
  }

  /// A column that never changes in training becomes zero, whatever the test part holds.
  @Test func aConstantColumnIsZeroEverywhere() throws {
    let parts = DataSplit(
      train: try Examples(
        inputs: (0..<8).map { [7, Float($0)] }, targets: (0..<8).map { [Float($0)] }),
      test: try Examples(inputs: [[1007, 3], [.infinity, 3]], targets: [[3], [3]]))
    let trainer = try Trainer(
      Problem(Self.recipe(.meanSquaredError, 1, standardize: .both), rows: parts))
    let test = try #require(trainer.data.test)
    #expect(test.inputs[0] == 0 && test.inputs[2].isNaN)
  }

  /// Beside an untrained loss that is infinite every loss is small; nothing is learnt by that.
  @Test func anInfiniteReferenceGivesNoSkill() throws {
    let rows = try Examples(
      inputs: (0..<8).map { _ in [Float.infinity] }, targets: (0..<8).map { _ in [1] })
    let trainer = try Trainer(
      Problem(Self.recipe(.meanSquaredError, 1, badSteps: .skip), train: rows))
    #expect(trainer.baseline.skill(0.5) == 0)
  }

  /// Losses below what float32 tells apart: all of them are 0 or near it, and nothing is learnt by
  /// that.
  @Test func lossesBelowFloatTellNothing() throws {
    let rows = try Examples(
      inputs: (0..<8).map { [Float($0)] }, targets: (0..<8).map { [Float($0) * 1e-30] })
    let trainer = try Trainer(Problem(Self.recipe(.meanSquaredError, 1), train: rows))
    #expect(trainer.baseline.skill(0) == 0)
    #expect(trainer.train().verdict != .healthy)
  }

  /// A score that takes long ends with the wish to stop; one that does not is still given.
  @Test func aScoreCanBeStopped() throws {
    var recipe = Self.recipe(.meanSquaredError, 1)
    recipe.training = .init(epochs: 1, batch: 4, maxSteps: 2)
    func isStopped(_ trainer: Trainer) -> Training {
      trainer.train(isCancelled: { trainer.step >= 2 })
    }
    let brief = isStopped(try Trainer(Problem(recipe)))
    #expect(brief.outcome == .trained && brief.metric != nil)
    // 4 · 10⁴ multiply-adds a row, 6,000 rows: brief, however large the batch.
    recipe.model = [.dense(200), .relu, .dense(200), .relu, .dense(1)]
    recipe.data = .regression(samples: 6000)
    recipe.training.batch = 128
    #expect(isStopped(try Trainer(Problem(recipe))).metric != nil)
    recipe.training.batch = 4
    // 2 · 10⁶ multiply-adds a row.
    recipe.model = [.dense(1400), .relu, .dense(1400), .relu, .dense(1)]
    recipe.data = .regression(samples: 6000)
    let long = isStopped(try Trainer(Problem(recipe)))
    #expect(long.outcome == .stopped && long.steps == 2)
    #expect(long.metric == nil && long.score.isNaN && long.loss.isFinite)
  }

  @Test func oneRowAndOneTargetAreKnown() throws {
    let rows = try Examples(inputs: [[1]], targets: [[3]])
    let trainer = try Trainer(Problem(Self.recipe(.meanSquaredError, 1), train: rows))
    #expect(trainer.size.hasOneTarget && trainer.size.trainRows == 1)
    #expect(trainer.train().verdict == .healthy)
  }

  /// One vector has no statistics.
  @Test func batchNormRefusesABatchOfOne() throws {
    var recipe = Self.recipe(.meanSquaredError, 1)
    recipe.model = [.dense(4), .batchNorm(), .dense(1)]
    recipe.training.batch = 1
    let error = #expect(throws: KeelError.self) { _ = try Trainer(Problem(recipe)) }
    #expect(error?.place == "batch-norm-1" && error?.kind == .invalid)
    // Pixels are as many vectors.
    recipe.input = .init([2, 5, 1])
    recipe.model = [.conv2d(2, kernel: 1), .batchNorm(), .flatten, .dense(1)]
    recipe.data = .regression(samples: 8, features: 10)
    #expect(try Trainer(Problem(recipe)).train().outcome == .trained)
  }
}
