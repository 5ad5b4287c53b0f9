import Foundation
import Keel
import Testing

/// The library as its users see it: `import Keel`, and nothing else.
struct LibraryTests {
  @Test func forecastTrainDiagnoseCurePredict() async throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("keel-\(UUID().uuidString).csv")
    defer { try? FileManager.default.removeItem(at: file) }
    let rows = (0..<200).map { row in
      let x = sin(Double(row))
      let z = cos(3 * Double(row))
      return "\(x),\(z),\(2 * x - z)"
    }
    try (["x,z,y"] + rows).joined(separator: "\n").write(
      to: file, atomically: true, encoding: .utf8)

    let recipe = Recipe(
      data: .csv(file.path, target: ["y"], test: .fraction(0.2)),
      model: [.dense(64, initializer: .normal(std: 1)), .relu, .dense(1)],
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 3),
      training: .init(epochs: 10, batch: 16))
    let forecast = try await recipe.forecast()
    #expect(forecast.verdict == .exploding)
    let run = try Run(recipe)
    let training = await run.train { step in precondition(step.index >= 0) }
    #expect(training.explosion != nil)
    let diagnosis = try await Evidence(recipe, forecast, run.trace).diagnosis()
    #expect(diagnosis.findings.first?.cause == "large-learning-rate")
    let cure = try await recipe.cured()
    #expect(cure.outcome == .cured)
    #expect(!cure.recipe.diff(from: recipe).isEmpty)

    let sound = try Run(cure.recipe)
    #expect(await sound.train().verdict == .healthy)
    let network = try await sound.network
    #expect(network["dense-1.weight"]?.shape == Shape(64, 2))
    let outputs = try network.predict([[0.5, 0.5]])
    #expect(abs(outputs[0][0] - 0.5) < 0.5)
  }
}
