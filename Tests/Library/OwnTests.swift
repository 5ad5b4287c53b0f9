import Foundation
import KeelArchive
import KeelAuthoring
import Testing

/// What somebody adds from outside is as good as what comes with Keel: for every verb, in recipe
/// files and in checkpoints.
struct OwnTests {
  static let own: Catalog =
    .standard + [
      Line.self, Gain.self, Bent.self, Quartic.self, SignDescent.self, Halving.self, RoundOff.self,
    ]

  private static func problem(gain start: Double = 1) throws -> Problem {
    var gain = Gain()
    gain.start = start
    var problem = try Problem(
      Recipe(
        name: "own", data: Choice(Line()),
        model: [Choice(gain), .dense(8), Choice(Bent()), .dense(8), Choice(Bent()), .dense(1)],
        loss: Choice(Quartic()), optimizer: Choice(SignDescent()), schedule: Choice(Halving()),
        clipping: [Choice(RoundOff())], training: .init(epochs: 60, batch: 10)))
    problem.probes = .standard + [WeightNorm.self]
    return problem
  }

  @Test func aNetworkOfThemTrains() async throws {
    let run = try Run(Self.problem())
    let training = await run.train()
    #expect(training.verdict == .healthy)
    let norms = await run.trace.series(WeightNorm.self, layer: "gain-1")
    #expect(norms.count == training.steps && norms.allSatisfy { $0 > 0 })
  }

  @Test func itIsDiagnosedAndCuredByWhatIsOwn() async throws {
    let problem = try Self.problem(gain: 1e12)
    let causes: CauseCatalog = .standard + [LargeGain.self]
    let run = try Run(problem)
    #expect(await run.train().explosion != nil)
    let diagnosis = try await problem.diagnosis(of: run, causes: causes)
    #expect(diagnosis.findings.map(\.cause).contains("large-gain"))
    let cure = try await problem.cure(causes: causes, remedies: .standard + [EaseGain.self])
    #expect(cure.outcome == .cured)
    #expect(cure.remedies.map(\.remedy) == ["ease-gain"])
  }

  /// A step of an own kernel does what finite differences say.
  @Test func theGradientsAreRight() throws {
    #expect(try GradientCheck(Self.problem()).worst < 0.01)
  }

  /// Kept, read again with a catalogue that has them, and gone on with as if nothing had been.
  @Test func itIsKept() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("keel-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (model, file) = (
      folder.appendingPathComponent("model").path, folder.appendingPathComponent("own.yaml").path
    )
    let problem = try Self.problem()
    let whole = try Run(problem)
    _ = await whole.train()
    let run = try Run(problem)
    _ = await run.train(steps: 200)
    try CheckpointFile.write(await run.checkpoint(), to: model)
    let checkpoint = try CheckpointFile.read(model, catalog: Self.own)
    let again = try Run(resuming: checkpoint, of: problem)
    _ = await again.train()
    #expect(await again.trace.losses == whole.trace.losses)
    #expect(
      await again.trace.series(WeightNorm.self, layer: "gain-1")
        == whole.trace.series(WeightNorm.self, layer: "gain-1"))
    let rows: [[Float]] = [[0.25], [-0.5]]
    #expect(try await again.network.predict(rows) == whole.network.predict(rows))
    // By other probes it was not measured.
    await #expect(throws: KeelError.self) {
      try await Run(resuming: checkpoint, of: Problem(problem.recipe))
    }

    try RecipeFile.write(problem.recipe, to: file)
    #expect(try RecipeFile.read(file, catalog: Self.own).diff(from: problem.recipe).isEmpty)
    // Without the catalogue the files say what they are made of.
    let unknown = #expect(throws: KeelError.self) { try CheckpointFile.read(model) }
    let fix = unknown?.fix ?? ""
    #expect(fix.contains("catalog: .standard + "))
    let names = Set(fix.prefix { $0 != ":" }.split(separator: ", ").map(String.init))
    #expect(
      names == ["line", "gain", "bent", "quartic", "sign-descent", "halving", "round-off"], "\(fix)"
    )
    #expect(throws: KeelError.self) { try RecipeFile.read(file) }
  }

  /// What one process has kept another reads, and predicts with.
  @Test func itIsReadInAnotherProcess() async throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("keel-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let run = try Run(Self.problem())
    _ = await run.train()
    let network = try await run.network
    try network.save(to: path)
    setenv("KEEL_OWN_NETWORK", path, 1)
    setenv("KEEL_OWN_OUTPUT", "\(try network.predict([[0.25]])[0][0].bitPattern)", 1)
    await #expect(processExitsWith: .success) {
      let environment = ProcessInfo.processInfo.environment
      let path = try #require(environment["KEEL_OWN_NETWORK"])
      let network = try CheckpointFile.read(path, catalog: OwnTests.own).network
      let output = try network.predict([[0.25]])[0][0]
      precondition("\(output.bitPattern)" == environment["KEEL_OWN_OUTPUT"])
    }
  }

  // MARK: shared weights

  /// A network whose way back has the weights of its way there: one tensor, and one gradient.
  @Test func weightsAreTied() async throws {
    let inputs = (0..<64).map { row in (0..<6).map { Float(sin(Double(row * 6 + $0))) } }
    let problem = try Problem(
      Recipe(
        data: .memory, model: [.dense(3), .tanh, Choice(Tied(units: 6))],
        loss: .meanSquaredError, optimizer: .adam(learningRate: 0.01),
        training: .init(epochs: 50, batch: 16)),
      train: Examples(inputs: inputs, targets: inputs))
    #expect(try GradientCheck(problem).worst < 0.02)
    let run = try Run(problem)
    let training = await run.train()
    #expect(training.verdict == .healthy)
    let network = try await run.network
    #expect(network.tensors.map(\.name) == ["dense-1.weight", "dense-1.bias"])
    // Of another shape it cannot be shared.
    var recipe = problem.recipe
    recipe.model[0] = .dense(4)
    recipe.model[2] = Choice(Tied(units: 5))
    let error = #expect(throws: KeelError.self) { try Run(problem.with(recipe)) }
    #expect(error?.what.contains("cannot be shared") == true)
  }

  // MARK: bad input

  /// It would train, and what is kept of it could not be read.
  @Test func aNameThatIsTakenIsRefused() throws {
    var recipe = try Self.problem().recipe
    recipe.model.insert(Choice(Impostor()), at: 1)
    let error = #expect(throws: KeelError.self) { try Problem(recipe) }
    #expect(error?.place == "model[1]")
    #expect(error?.fix == "give Impostor another name")
  }

  @Test func aLayerThatLiesAboutItsShapeIsNamed() throws {
    for (lie, reason) in [
      (Liar.Lie.shape, "has room for"), (.outputs, "unwritten"), (.nothing, "no layer before it"),
    ] {
      var recipe = try Self.problem().recipe
      recipe.model.insert(Choice(Liar(lie: lie)), at: 1)
      let error = #expect(throws: KeelError.self) { try GradientCheck(Problem(recipe)) }
      #expect(error?.what.contains(reason) == true, "\(error?.description ?? "")")
      #expect(
        error?.place == [.shape: "model[1].liar", .outputs: "liar-1", .nothing: "dense-1"][lie])
    }
  }

  /// What a file of it would lose, or be refused for, is refused where it is written in Swift.
  @Test func whatAFileWouldLoseIsRefused() throws {
    var problem = try Self.problem().recipe
    problem.model.insert(Choice(Forgetful(a: 3)), at: 1)
    let lost = #expect(throws: KeelError.self) { try Problem(problem) }
    #expect(lost?.what.contains("no field says") == true)
    problem = try Self.problem().recipe
    problem.model.insert(.dropout(5), at: 1)
    let range = #expect(throws: KeelError.self) { try Problem(problem) }
    #expect(range?.place == "model[1].dropout.rate")
    problem = try Self.problem().recipe
    problem.optimizer = .sgd(learningRate: .nan)
    #expect(throws: KeelError.self) { try Problem(problem) }
  }

  /// A cause, a remedy or a probe of a name that there is would be taken for that one.
  @Test func everyNameIsOfOne() async throws {
    let problem = try Self.problem(gain: 1e12)
    let twice: CauseCatalog = .standard + [LargeGain.self, LargeGain.self]
    await #expect(throws: KeelError.self) { try await problem.diagnosis(causes: twice) }
    await #expect(throws: KeelError.self) {
      try await problem.cure(remedies: .standard + [EaseGain.self, EaseGain.self])
    }
    var measured = problem
    measured.probes = .standard + [WeightNorm.self, WeightNorm.self]
    #expect(throws: KeelError.self) { try Run(measured) }
  }

  /// Weights that no layer has yet are not made up.
  @Test func whatIsSharedHasToBeThere() throws {
    let recipe = Recipe(
      data: Choice(Line()), model: [Choice(Tied(units: 1)), .dense(1)], loss: .meanSquaredError,
      optimizer: .sgd(), training: .init(epochs: 1, batch: 10))
    let error = #expect(throws: KeelError.self) { try Run(Problem(recipe)) }
    #expect(error?.what.contains("no layer before this one has dense-1.weight") == true)
  }
}
