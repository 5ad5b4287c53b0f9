import Foundation
import KeelData
import KeelEngine
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import KeelTraining
import Testing

/// Classes at every position of a row: losses, baseline and accuracy run over the last axis.
struct SequenceTargetTests {
  static let losses: [Named] = [
    Named(loss: .softmaxCrossEntropy, head: [.dense(3)]),
    Named(loss: .crossEntropy, head: [.dense(3), .softmax]),
  ]

  struct Named: CustomTestStringConvertible, Sendable {
    let loss: Choice<Losses>
    let head: [Choice<Layers>]
    var testDescription: String { loss.name }
  }

  /// Two numbers a position, the class the larger of them, or neither; positions differ in how
  /// often.
  private func examples(rows: Int, positions: Int) throws -> Examples {
    var dice = Dice(seed: 12)
    var inputs: [[Float]] = []
    var classes: [[Int]] = []
    for _ in 0..<rows {
      let labels = (0..<positions).map { $0 == 0 ? 1 : Int.random(in: 0..<3, using: &dice) }
      classes.append(labels)
      inputs.append(labels.flatMap { [$0 == 0 ? 1 : 0, $0 == 1 ? 1 : Float(0)] })
    }
    return try Examples(inputs: inputs, classes: classes)
  }

  private func recipe(_ model: [Choice<Layers>], _ loss: Choice<Losses>, positions: Int) -> Recipe {
    Recipe(
      data: .spirals(), input: [positions, 2], model: model, loss: loss,
      optimizer: .adam(learningRate: 0.05), training: .init(epochs: 60, batch: 16))
  }

  /// The mean over rows and positions, and its gradient, are the twin's.
  @Test(arguments: losses) func meansRunOverPositions(_ named: Named) throws {
    let recipe = recipe(named.head, named.loss, positions: 4)
    let harness = try Harness(recipe, row: [8], rows: 5, capacity: 7)
    var dice = Dice(seed: 3)
    harness.inputs = dice.normals(harness.inputs.count)
    harness.targets = (0..<60).map { $0 % 3 == $0 / 3 % 3 ? 1 : 0 }
    harness.forward()
    let loss = harness.loss().sum
    let expected = twinLoss(
      named.loss.member, outputs: harness.outputs.map(Double.init),
      targets: harness.targets.map(Double.init), rows: 20)
    #expect(abs(loss / expected.loss - 1) < 1e-5)
    #expect(relativeError(harness.outputGradient, expected.gradient) < 1e-5)
  }

  /// L_const is the class prior of each position: 0 at the first, which never changes.
  @Test(arguments: losses) func baselineIsThePriorOfEachPosition(_ named: Named) throws {
    let rows = try examples(rows: 64, positions: 3)
    let trainer = try Trainer(Problem(recipe(named.head, named.loss, positions: 3), train: rows))
    guard case .classes(let classes) = rows.targets.values else {
      Issue.record("targets are numbers")
      return
    }
    var entropy = 0.0
    for position in 0..<3 {
      let labels = stride(from: position, to: classes.count, by: 3).map { classes[$0] }
      for label in Int32(0)..<3 {
        let share = Double(labels.count { $0 == label }) / 64
        if share > 0 { entropy -= share * log(share) / 3 }
      }
    }
    #expect(abs(trainer.baseline.constant - entropy) < 1e-9)
  }

  @Test(arguments: losses) func learnsAndCountsEveryPosition(_ named: Named) throws {
    let trainer = try Trainer(
      Problem(recipe(named.head, named.loss, positions: 3), train: examples(rows: 64, positions: 3))
    )
    let untrained = try #require(trainer.metric()).train * 192
    #expect(abs(untrained - untrained.rounded()) < 1e-9 && untrained < 192)
    let training = trainer.train()
    #expect(training.verdict == .healthy)
    #expect(training.score == 1)
    let outputs = try trainer.network().predict([[1, 0, 0, 1, 0, 0]])
    #expect(outputs[0].count == 9)
    #expect([0, 4, 8].allSatisfy { outputs[0][$0] > 0.9 }, "\(outputs)")
  }

  /// Rows keep their positions together, through shuffling and splitting.
  @Test func rowsStayWhole() throws {
    let rows = try Examples(
      inputs: (0..<10).map { [Float($0)] }, classes: (0..<10).map { [$0, 10 + $0, 20 + $0] })
    var random = Random(seed: 4, stream: "test")
    let part = rows.shuffled(&random).rows(3..<8)
    guard case .classes(let classes) = part.targets.values else {
      Issue.record("targets are numbers")
      return
    }
    #expect(part.count == 5 && part.targets.positions == 3)
    for (row, input) in part.inputs.enumerated() {
      let first = Int32(input)
      #expect(Array(classes[3 * row..<3 * row + 3]) == [first, 10 + first, 20 + first])
    }
  }

  /// A yes or no at every position, from one output each.
  @Test func oneOutputAPosition() throws {
    let classes = (0..<40).map { row in (0..<3).map { (row + $0) % 2 } }
    let inputs = classes.map { labels in labels.flatMap { [Float($0 * 2 - 1), Float(1)] } }
    let rows = try Examples(inputs: inputs, classes: classes)
    let trainer = try Trainer(
      Problem(recipe([.dense(1)], .sigmoidCrossEntropy, positions: 3), train: rows))
    #expect(trainer.train().score == 1)
  }

  /// Columns of integers, one for each position, are classes under a cross-entropy.
  @Test func integerColumnsAreClasses() throws {
    let targets: [[Float]] = (0..<30).map { row in (0..<2).map { Float((row + $0) % 3) } }
    let inputs = targets.map { row in row.flatMap { [$0, Float(1)] } }
    let rows = try Examples(inputs: inputs, targets: targets)
    let trainer = try Trainer(
      Problem(recipe([.dense(3)], .softmaxCrossEntropy, positions: 2), train: rows))
    #expect(trainer.data.targets.areClasses && trainer.data.targets.positions == 2)
  }

  struct Refusal: CustomTestStringConvertible, Sendable {
    let model: [Choice<Layers>]
    let message: String
    var testDescription: String { message }
  }

  @Test(arguments: [
    Refusal(
      model: [.flatten, .dense(3)],
      message: "model: gives [3] a row, 1 vector over 3 classes; the data has 3 classes a row; let "
        + "every layer keep the 3 positions: return: sequence, no flatten"),
    Refusal(
      model: [.dense(2)],
      message: "data, row 1, position 3: the label is 2, the model has 2 outputs, for classes 0 to "
        + "1; give the last layer at least 3 units"),
  ])
  func refuses(_ refusal: Refusal) throws {
    let rows = try Examples(
      inputs: [[Float]](repeating: [1, 2, 3, 4, 5, 6], count: 4),
      classes: [
        [0, 1, 2], [0, 1, 1], [1, 1, 1], [0, 0, 0],
      ])
    let error = #expect(throws: KeelError.self) {
      _ = try Trainer(
        Problem(recipe(refusal.model, .softmaxCrossEntropy, positions: 3), train: rows))
    }
    #expect(error?.description == refusal.message)
  }

  @Test func oneClassForManyPositions() throws {
    let rows = try Examples(inputs: [[1, 2, 3, 4], [0, 0, 0, 0]], classes: [0, 1])
    let error = #expect(throws: KeelError.self) {
      _ = try Trainer(Problem(recipe([.dense(2)], .softmaxCrossEntropy, positions: 2), train: rows))
    }
    #expect(
      error?.description
        == "model: gives [2 × 2] a row, 2 vectors over 2 classes; the data has 1 class a row; end "
        + "the recurrent layers with return: last, or flatten before the last layer")
    let ragged = #expect(throws: KeelError.self) {
      _ = try Examples(inputs: [[1], [2]], classes: [[0, 1], [0]])
    }
    #expect(
      ragged?.description == "classes[1]: has 1 positions, row 0 has 2; give every row the same "
        + "positions, at least one")
  }
}
