import Foundation
import KeelEngine
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Every loss and its gradient against the twin; the best constant against a search.
@Suite struct LossTests {
  static let all: [LossCase] = [
    .init(.softmaxCrossEntropy, .logits, .shares), .init(.sigmoidCrossEntropy, .logits, .fractions),
    .init(.crossEntropy, .probabilities, .shares),
    .init(.binaryCrossEntropy, .probabilities, .fractions),
    .init(.meanSquaredError, .logits, .numbers), .init(.meanAbsoluteError, .logits, .numbers),
    .init(.huber(delta: 0.7), .logits, .numbers), .init(.poisson, .logits, .fractions),
  ]

  /// Shapes on both sides of a kernel's block, and single rows and columns.
  @Test(arguments: all, [(1, 1), (1, 3), (5, 1), (4, 7), (3, 700), (1100, 2)])
  func agreesWithTheTwin(loss: LossCase, shape: (rows: Int, columns: Int)) {
    let seed: UInt64 = 11
    var dice = Dice(seed: seed)
    let batch = loss.batch(rows: shape.rows, columns: shape.columns, &dice)
    let (mean, gradient) = batch.twin(loss.loss)
    let measured = batch.mean(loss.loss)
    #expect(abs(measured.loss - mean) <= 2e-6 * abs(mean) + 1e-7, "seed \(seed)")
    #expect(relativeError(measured.gradient, gradient) < 5e-6, "seed \(seed)")
    #expect(measured.nonFinite == 0)
    #expect(batch.mean(loss.loss, wantsGradient: false).loss == measured.loss)
  }

  /// Sure and right, sure and wrong, at and beyond the clip, far away.
  @Test(arguments: [
    LossExample(.softmaxCrossEntropy, [50, -50, 0, 1e4, -1e4, 3], [0, 1, 0, 0.2, 0.3, 0.5]),
    LossExample(.softmaxCrossEntropy, [1e38, -1e38, 0, 7, 7, 7], [0, 1, 0, 1, 0, 0]),
    LossExample(.softmaxCrossEntropy, [1, 2, 3, 4, 5, 6], [2, 0, 1, 0, 0, 0]),
    LossExample(.sigmoidCrossEntropy, [50, -50, 1e4, -1e4, 1e30, -90], [0, 1, 1, 0, 0.5, 0.25]),
    LossExample(.crossEntropy, [1, 0, 0, 2, 2, 4], [1, 0, 0, 0, 0, 1]),
    LossExample(.crossEntropy, [0, 1, 0, 1e-9, 1, 1], [1, 0, 0, 0.5, 0.5, 0]),
    LossExample(.crossEntropy, [1e-30, 2e-30, 3e-30, 1e37, 2e37, 3e37], [0, 1, 0, 0, 1, 0]),
    LossExample(.crossEntropy, [-1, 3, 2, 0.5, 0.25, 0.25], [0, 0, 1, 1, 0, 0]),
    LossExample(.binaryCrossEntropy, [0, 1, 0.5, 2, -3, 1e-8], [1, 0, 0.5, 1, 1, 0]),
    LossExample(.binaryCrossEntropy, [1e-5, 0.9999, 2e-7, 0.25, 0.75, 1], [1, 0, 1, 0, 1, 1]),
    LossExample(.meanSquaredError, [1e30, -1e30, 1e19, 0, 1e-30, 5], [0, 1e30, 0, 0, 0, 5]),
    LossExample(.meanAbsoluteError, [1e30, -1e30, 3e38, 0, 1e-30, 5], [0, 1e30, 0, 0, 0, 5]),
    LossExample(.poisson, [-1e30, -90, 0, 3, 50, 80], [0, 1, 0, 20, 1e6, 0]),
    LossExample(.huber(delta: 2), [1e30, -1e30, 2, -2, 1.5, 5], [0, 1e30, 0, 0, 0, 5]),
  ])
  func agreesAtExtremes(example: LossExample) {
    let (mean, gradient) = example.batch.twin(example.loss)
    let measured = example.batch.mean(example.loss)
    #expect(abs(measured.loss - mean) <= 2e-6 * abs(mean) + 1e-7)
    for (index, expected) in gradient.enumerated() {
      let value = Double(measured.gradient[index])
      #expect(abs(value - expected) <= 1e-5 * abs(expected) + 1e-7, "element \(index)")
    }
    #expect(measured.nonFinite == 0)
  }

  /// Where only the sum of a row leaves float32, the quotient does not.
  @Test func crossEntropySumsDoNotOverflow() {
    let batch = Batch(outputs: [3e38, 3e38], targets: [1, 0], columns: 2)
    #expect(abs(batch.mean(.crossEntropy).loss - log(2)) < 1e-6)
  }

  /// A gradient that fits float32 once it is averaged must not overflow before.
  @Test func squaredErrorScalesBeforeItRounds() {
    let outputs = [2e38] + [Float](repeating: 0, count: 99)
    let batch = Batch(outputs: outputs, targets: outputs.map { _ in 0 }, columns: 1)
    #expect(abs(batch.mean(.meanSquaredError).gradient[0] / 4e36 - 1) < 1e-6)
  }

  @Test(arguments: all) func nanPassesThrough(loss: LossCase) {
    var dice = Dice(seed: 5)
    var batch = loss.batch(rows: 4, columns: 3, &dice)
    batch.outputs[7] = .nan
    let measured = batch.mean(loss.loss)
    #expect(measured.loss.isNaN)
    #expect(measured.gradient[7].isNaN)
    #expect(measured.nonFinite == 1)
    #expect(measured.gradient[..<6].allSatisfy { $0.isFinite }, "the other rows are as they were")
    batch.targets[1] = .nan
    #expect(batch.mean(loss.loss).loss.isNaN)
  }

  /// What a clip or a saturation would hide is at least counted.
  @Test(arguments: all, [Float.infinity, -.infinity])
  func infinitiesAreCounted(loss: LossCase, infinity: Float) {
    var dice = Dice(seed: 6)
    var batch = loss.batch(rows: 4, columns: 3, &dice)
    (batch.outputs[2], batch.outputs[9]) = (infinity, .nan)
    #expect(batch.mean(loss.loss).nonFinite == 2)
    #expect(batch.mean(loss.loss, wantsGradient: false).nonFinite == 2)
  }

  /// A logit of −∞ costs nothing where its target is 0.
  @Test func impossibleClass() {
    let batch = Batch(outputs: [-.infinity, 0, 0], targets: [0, 1, 0], columns: 3)
    #expect(abs(batch.mean(.softmaxCrossEntropy).loss - log(2)) < 1e-6)
  }

  @Test func rowOfZerosIsInvalid() {
    let batch = Batch(outputs: [0.5, 0.5, 0, 0], targets: [1, 0, 1, 0], columns: 2)
    let measured = batch.mean(.crossEntropy)
    #expect(measured.loss.isNaN)
    #expect(measured.gradient[2].isNaN && measured.gradient[3].isNaN)
    #expect(measured.nonFinite == 0, "the outputs themselves are finite")
    #expect(batch.origin(.crossEntropy) == .invalid)
    let large = Batch(outputs: [1e38, 1], targets: [-3e38, 1], columns: 1)
    #expect(large.origin(.meanSquaredError) == .overflow)
  }

  // MARK: the best constant

  @Test(arguments: all, UInt64(1)...3) func constantLossIsTheLeast(loss: LossCase, seed: UInt64) {
    var dice = Dice(seed: seed)
    let batch = loss.batch(rows: 12, columns: 3, &dice)
    let constant = loss.loss.member.constantLoss(batch.targets, columns: 3)
    let found = leastConstantLoss(loss.loss, batch)
    #expect(constant <= found + 1e-6, "seed \(seed): \(found) was found")
    #expect(abs(constant - found) < 2e-3 * max(1, found), "seed \(seed): \(found) was found")
  }

  @Test(arguments: all.filter(\.loss.member.hasFloor)) func constantTargetsCostNothing(
    loss: LossCase
  ) {
    let row: [Float] = loss.targets == .numbers ? [3, -4, 100] : [0, 1, 0]
    let targets = [[Float]](repeating: row, count: 5).flatMap { $0 }
    let constant = loss.loss.member.constantLoss(targets, columns: 3)
    #expect(constant >= 0 && constant < 1e-6)
  }

  @Test func knownConstants() {
    #expect(Choice.meanSquaredError.member.constantLoss([1, 2, 6], columns: 1) == 14.0 / 3)
    let median = Choice.meanAbsoluteError.member.constantLoss([1, 2, 9, 10], columns: 1)
    #expect(abs(median - 4) < 1e-9)
    let prior = Choice.softmaxCrossEntropy.member.constantLoss([1, 0, 0, 1], columns: 2)
    #expect(abs(prior - log(2)) < 1e-12)
    // Half of d² within delta; the outlier at 10 pulls with delta only: c = (0 + 0 + 1)/2.
    let huber = Choice.huber(delta: 1).member.constantLoss([0, 0, 10], columns: 1)
    #expect(abs(huber - (0.125 + 0.125 + 9) / 3) < 1e-9)
    // At the logarithm of the mean.
    let poisson = Choice.poisson.member.constantLoss([1, 2, 6], columns: 1)
    #expect(abs(poisson - (3 - 3 * log(3))) < 1e-9)
  }
}
