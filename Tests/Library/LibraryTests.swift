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
    #expect(diagnosis.findings.first?.exhibits.first?.reproduction != nil)
    let unfinished = try Run(problem)
    await #expect(throws: KeelError.self) { try await problem.diagnosis(of: unfinished) }
    let other = try Problem(Self.recipe(.memory), train: examples, test: examples)
    await #expect(throws: KeelError.self) { try await other.diagnosis(of: run) }
  }

  /// The page of the design that shows the library, as it stands there.
  @Test func theWholeWay() async throws {
    let rows = Self.rows(0..<300)
    let x = Array(rows.inputs.prefix(240))
    let y = rows.targets.prefix(240).map { $0[0] > 0 ? 1 : 0 }
    let held = try Examples(
      inputs: Array(rows.inputs.suffix(60)),
      classes: rows.targets.suffix(60).map { $0[0] > 0 ? 1 : 0 })

    let recipe = Recipe(
      data: .memory,
      model: [.dense(64, initializer: .normal(std: 1)), .relu, .dense(2)],
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 1e30),
      training: .init(epochs: 10, batch: 16))
    let problem = try Problem(recipe, train: Examples(inputs: x, classes: y), test: held)
    let forecast = try await problem.forecast()
    #expect(forecast.verdict == .exploding && !forecast.findings.isEmpty)
    let run = try Run(problem)
    var norms: [Double] = []
    for await step in run.steps {
      #expect(step.index == norms.count)
      norms.append(step.layers["dense-1"]?.gradientNorm ?? 0)
    }
    #expect(norms.first ?? 0 > 0)
    let training = await run.training
    #expect(training.outcome == .exploded && training.explosion != nil)
    let diagnosis = try await problem.diagnosis(of: run)
    #expect(diagnosis.findings.first?.cause == "large-learning-rate")
    let cure = try await problem.cure()
    #expect(cure.outcome == .cured && !cure.recipe.diff(from: recipe).isEmpty)

    let sound = try Run(problem.with(cure.recipe))
    #expect(await sound.train().verdict == .healthy)
    let network = try await sound.network
    #expect(network["dense-1.weight"]?.shape.axes == [64, 2])
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("keel-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try network.save(to: path)
    let kept = try CheckpointFile.read(path).network
    let predictor = try Predictor(network)
    #expect(try predictor.predict(x) == network.predict(x))
    #expect(try kept.predict(x) == predictor.predict(x))
  }

  /// Whoever leaves the loop stops the run; it goes on where it stopped, as if it never had.
  @Test func leavingTheLoopStopsTheRun() async throws {
    let rows = Self.rows(0..<160)
    var recipe = Self.recipe(.memory)
    recipe.optimizer = .sgd(learningRate: 0.001)
    let problem = try Problem(
      recipe, train: Examples(inputs: rows.inputs, targets: rows.targets))
    let run = try Run(problem)
    for await step in run.steps where step.index == 9 { break }
    #expect(await run.trace.count == 10)
    #expect(await run.training.outcome == .stopped)
    let whole = try Run(problem)
    _ = await whole.train()
    for await _ in run.steps {}
    #expect(await run.training.outcome == .trained)
    #expect(await run.trace.losses == whole.trace.losses)
  }
}
