import Foundation
import Keel
import Testing

/// The library as its users see it: `import Keel`, and nothing else.
struct LibraryTests {
  /// 2x − z, of numbers that never repeat.
  private static func rows(_ range: Range<Int>) -> (inputs: [[Float]], targets: [[Float]]) {
    let inputs = range.map { [Float(sin(Double($0))), Float(cos(3 * Double($0)))] }
    return (inputs, inputs.map { [2 * $0[0] - $0[1]] })
  }

  private static func recipe(_ data: Choice<Datasets>) -> Recipe {
    Recipe(
      data: data, model: [.dense(64, initializer: .normal(std: 1)), .relu, .dense(1)],
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 3),
      training: .init(epochs: 10, batch: 16))
  }

  /// The same rows in a file and in arrays: the same findings, the same cure, at the same cost.
  @Test func arraysAreAsGoodAsFiles() async throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("keel-\(UUID().uuidString).csv").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let all = Self.rows(0..<200)
    let lines = zip(all.inputs, all.targets).map { "\($0[0]),\($0[1]),\($1[0])" }
    try (["x,z,y"] + lines).joined(separator: "\n").write(
      toFile: path, atomically: true, encoding: .utf8)
    let (train, test) = (Self.rows(0..<160), Self.rows(160..<200))
    let problems = [
      try Problem(Self.recipe(.csv(path, target: ["y"], test: .fraction(0.2)))),
      try Problem(
        Self.recipe(.memory), train: Examples(inputs: train.inputs, targets: train.targets),
        test: Examples(inputs: test.inputs, targets: test.targets)),
    ]
    var forecasts: [Forecast] = []
    var cures: [CaseHistory] = []
    for problem in problems {
      forecasts.append(try await problem.forecast())
      cures.append(try await problem.cure())
    }
    #expect(forecasts[0].verdict == .exploding && forecasts[1].verdict == .exploding)
    #expect(forecasts[0].margin == forecasts[1].margin)
    #expect(cures[0].outcome == .cured && cures[1].outcome == .cured)
    #expect(cures[0].findings.map(\.cause) == cures[1].findings.map(\.cause))
    #expect(cures[0].remedies == cures[1].remedies)
    #expect(cures[0].cost == cures[1].cost)
    #expect(cures[0].after?.score == cures[1].after?.score)
  }

  /// What a run has seen is what is explained: nothing is trained again but the experiments.
  @Test func aRunIsDiagnosed() async throws {
    let rows = Self.rows(0..<160)
    let examples = try Examples(inputs: rows.inputs, targets: rows.targets)
    let problem = try Problem(Self.recipe(.memory), train: examples)
    let run = try Run(problem)
    let training = await run.train()
    let diagnosis = try await problem.diagnosis(of: run)
    #expect(diagnosis.training.explosion == training.explosion)
    #expect(diagnosis.findings.first?.cause == "large-learning-rate")
    let other = try Problem(Self.recipe(.memory), train: examples, test: examples)
    await #expect(throws: KeelError.self) { try await other.diagnosis(of: run) }
  }
}
