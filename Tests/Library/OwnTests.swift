import Foundation
import Keel
import KeelArchive
import Testing

/// What somebody adds from outside is as good as what comes with Keel: for every verb, in recipe
/// files and in checkpoints.
struct OwnTests {
  private static let own: Catalog =
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
    #expect(unknown?.fix.contains("catalog: .standard + ") == true)
    #expect(throws: KeelError.self) { try RecipeFile.read(file) }
  }
}
