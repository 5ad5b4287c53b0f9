import Foundation
import KeelData
import KeelEngine
import KeelRecipes
import KeelTestSupport
import KeelTraining
import Testing

/// Ten steps of small recipes against PyTorch in double; `Tests/Vectors/make_curves.py` made them.
struct CurveTests {
  struct Curve: Decodable, CustomTestStringConvertible {
    struct Tensor: Decodable {
      let shape: [Int]
      let first: [Double]
      let sum: Double
    }
    let recipe: Recipe
    let rows: Int
    let features: Int
    let targets: String
    let outputs: Int
    let losses: [Double]
    let rates: [Double]
    let parameters: [String: Tensor]
    let states: [String: [Double]]
    let output: [[Double]]
    var testDescription: String { recipe.name }
  }

  private struct Vectors: Decodable { let curves: [Curve] }

  static let curves = (ReferenceVectors.read("curves.json") as Vectors?)?.curves ?? []

  @Test func vectorsAreThere() { #expect(Self.curves.count >= 20) }

  @Test(arguments: curves)
  func followsPyTorch(_ curve: Curve) throws {
    let trainer = try Trainer(Problem(curve.recipe, train: curve.examples()))
    curve.initialize(trainer.trainingStep)
    for _ in curve.losses { trainer.advance() }
    #expect(trainer.explosion == nil)
    for (step, expected) in curve.losses.enumerated() {
      expectClose(Double(trainer.trace.losses[step]), expected, "loss of step \(step)")
      expectClose(
        Double(trainer.trace.learningRates[step]), curve.rates[step], "rate of step \(step)")
    }
    let network = try trainer.network()
    for (name, expected) in curve.parameters {
      let values = try #require(network[name]).values.map(Double.init)
      for (index, value) in expected.first.enumerated() {
        expectClose(values[index], value, "\(name)[\(index)]", floor: 1)
      }
      expectClose(values.reduce(0, +), expected.sum, "sum of \(name)", floor: 1)
    }
    for (name, expected) in curve.states {
      let values = try #require(network[name]).values
      for (index, value) in expected.enumerated() {
        expectClose(Double(values[index]), value, "\(name)[\(index)]", floor: 1)
      }
    }
    // The vectors hold what the model gives; `predict` would turn logits into probabilities.
    let outputs = trainer.evaluationOutputs(rows: curve.output.count)
    for (row, expected) in curve.output.enumerated() {
      for (column, value) in expected.enumerated() {
        expectClose(outputs[row][column], value, "output [\(row), \(column)]", floor: 1)
      }
    }
  }

  /// Relative to the larger of the expected value and `floor`; measured worst 2e-6, tanh-GELU for
  /// the exact one would be 4e-5.
  private func expectClose(
    _ value: Double, _ expected: Double, _ what: String, floor: Double = 0,
    location: SourceLocation = #_sourceLocation
  ) {
    let error = abs(value - expected) / max(abs(expected), floor)
    #expect(
      error < 1e-5 || value == expected, "\(what): \(value), PyTorch \(expected)",
      sourceLocation: location)
  }
}

extension CurveTests.Curve {
  func examples() throws -> Examples {
    let inputs = (0..<rows).map { i in (0..<features).map { j in input(Double(i), Double(j)) } }
    let targets = (0..<rows).map { i in (0..<outputs).map { j in Float(target(i, j)) } }
    return try Examples(inputs: inputs, targets: targets)
  }

  private func input(_ i: Double, _ j: Double) -> Float {
    Float(sin(0.37 * i + 1.3 * j + 0.5 * i * j))
  }

  private func target(_ i: Int, _ j: Int) -> Double {
    switch targets {
    case "classes": j == i % outputs ? 1 : 0
    case "bits": (i + 2 * j) % 3 == 0 ? 1 : 0
    case "waves": sin(0.5 * Double(i) + 0.9 * Double(j))
    default: 5 * sin(0.5 * Double(i) + 0.9 * Double(j))
    }
  }

  /// Dense weights √(2/fan-in)·wave, biases 0.1·wave; batch norm and PReLU begin as they do.
  func initialize(_ trainingStep: TrainingStep) {
    for (p, parameter) in trainingStep.plan.parameters.enumerated()
    where parameter.layer.hasPrefix("dense") {
      let scale =
        parameter.role == .weight ? (2 / Double(parameter.shape.last)).squareRoot() : 0.1
      for k in 0..<parameter.shape.count {
        let angle = 1 + Double(p) + 0.7 * Double(k) + 0.05 * Double(k * k)
        trainingStep.memory[parameter.buffer][k] = Float(scale * sin(angle))
      }
    }
  }
}

extension Trainer {
  /// What the model gives for the first rows, in evaluation mode.
  fileprivate func evaluationOutputs(rows: Int) -> [[Double]] {
    let plan = trainingStep.plan
    let width = plan.input.shape.count
    for index in 0..<rows * width {
      trainingStep.memory[plan.input.value][index] = data.train.inputs[index]
    }
    let pass = trainingStep.pass(rows: rows, mode: .evaluation, position: 0)
    _ = plan.forward(pass)
    let columns = plan.output.shape.count
    let values = pass.values(plan.output.value).map(Double.init)
    return (0..<rows).map { Array(values[$0 * columns..<($0 + 1) * columns]) }
  }
}
