import Foundation
import KeelArchive
import KeelAuthoring
import Synchronization
import Testing

/// A training comes back from its file as it stood; a file that is not whole does not come back.
@Suite struct CheckpointFileTests {
  private static let recipe = """
    data: {csv: {file: d.csv, target: [y0, y1], test: 4}}
    standardize: both
    model: [{dense: 5}, batch-norm, prelu, {dropout: 0.1}, {dense: 2}]
    loss: mean-squared-error
    optimizer: {adam: 0.01}
    schedule: {plateau: {patience: 1}}
    clipping: [{percentile: 60}]
    training: {epochs: 20, batch: 8}
    """

  private func recipe(_ scratch: Scratch, _ text: String = recipe, scale: Double = 1) throws
    -> Recipe
  {
    let rows = (0..<40).map { row in
      let x = (Double(row % 7) * 10 + 3) * scale
      let z = Double(row * row % 11)
      return "\(x),\(z),\(x + 2 * z + 100),\(z - x)"
    }
    try scratch.write("d.csv", "x,z,y0,y1\n" + rows.joined(separator: "\n") + "\n")
    return try RecipeFile.read(try scratch.write("net.yaml", text))
  }

  private func bytes(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
  }

  @Test(arguments: [1, 30, 99])
  func aTrainingGoesOn(_ stop: Int) async throws {
    let scratch = try Scratch()
    let recipe = try recipe(scratch)
    let undisturbed = try Run(Problem(recipe))
    #expect(await undisturbed.train().outcome == .trained)
    try CheckpointFile.write(try await undisturbed.checkpoint(), to: scratch("whole"))
    let first = try Run(Problem(recipe))
    _ = await first.train(steps: stop)
    try CheckpointFile.write(try await first.checkpoint(), to: scratch("kept"))
    let second = try Run(resuming: try CheckpointFile.read(scratch("kept")), of: Problem(recipe))
    _ = await second.train()
    try CheckpointFile.write(try await second.checkpoint(), to: scratch("kept"))
    #expect(try bytes(scratch("kept")) == bytes(scratch("whole")))
  }

  /// A loss that was not finite is written as what it was.
  @Test func skippedStepsComeBack() async throws {
    let scratch = try Scratch()
    var inputs = (0..<24).map { [Float($0 % 5), Float($0 % 3)] }
    inputs[7] = [.infinity, .nan]
    let rows = try Examples(inputs: inputs, targets: inputs.map { [$0[0] - $0[1]] })
    var recipe = try Draft.plain.with("model", "[{dense: 4}, relu, {dense: 1}]")
      .with("loss", "mean-squared-error").recipe()
    recipe.training = .init(epochs: 4, batch: 8, badSteps: .skip)
    let run = try Run(Problem(recipe, train: rows))
    _ = await run.train()
    let checkpoint = try await run.checkpoint()
    #expect(await run.trace.skipped == 4)
    try CheckpointFile.write(checkpoint, to: scratch("kept"))
    let again = try CheckpointFile.read(scratch("kept"))
    try CheckpointFile.write(again, to: scratch("again"))
    #expect(try bytes(scratch("kept")) == bytes(scratch("again")))
    let resumed = try Run(resuming: again, of: run.problem)
    #expect(await resumed.trace.skipped == 4)
  }

  /// Two runs of one program that keep themselves in one file: the second is told.
  @Test func aFileIsForOneRun() async throws {
    let scratch = try Scratch()
    let told = Mutex<[String]>([])
    let first = CheckpointPolicy.file(scratch("model"), every: 1) { _ in Issue.record("it is alone")
    }
    let second = CheckpointPolicy.file(scratch("model"), every: 1) { error in
      told.withLock { $0.append("\(error)") }
    }
    let recipe = try Draft.plain.with("training", "{epochs: 2, batch: 20}").recipe()
    _ = try await Run(Problem(recipe)).train(checkpointing: first)
    _ = try await Run(Problem(recipe)).train(checkpointing: second)
    #expect(told.withLock { $0.first }?.contains("is being written by another process") == true)
    withExtendedLifetime((first, second)) {}
  }

  /// Whatever bit is flipped: refused, or what was flipped is the checksum's own name, and then the
  /// network is as it was and nobody goes on from it.
  @Test func everyFlippedBitIsSeen() async throws {
    let scratch = try Scratch()
    let run = try Run(Problem(Draft.plain.with("training", "{epochs: 2, batch: 20}").recipe()))
    _ = await run.train()
    let checkpoint = try await run.checkpoint()
    try CheckpointFile.write(checkpoint, to: scratch("sound"))
    let sound = try bytes(scratch("sound"))
    // 5 has no common factor with 8: every position of a bit in a byte comes up.
    for bit in stride(from: 0, to: sound.count * 8, by: 5) {
      var flipped = sound
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      let path = try scratch.write("flipped", flipped)
      guard let read = try? CheckpointFile.read(path) else { continue }
      #expect(read.step == nil && read.network.tensors == checkpoint.network.tensors, "bit \(bit)")
    }
    for count in stride(from: 0, to: sound.count, by: 61) {
      let path = try scratch.write("shorter", Data(sound.prefix(count)))
      let error = try failure { _ = try CheckpointFile.read(path) }
      #expect(error.kind == .invalid && error.place == path)
    }
    #expect(try bytes(scratch("sound")) == sound)
  }

  @Test func aHeaderThatIsTooLongIsRefused() throws {
    let scratch = try Scratch()
    for length: UInt64 in [100_000_001, 1 << 40, .max] {
      let path = try scratch.write("long", withUnsafeBytes(of: length.littleEndian) { Data($0) })
      #expect(
        try failure { _ = try CheckpointFile.read(path) }.what == "is not a safetensors file")
    }
  }

  /// Without a checksum, or what it takes to go on, it is a network and no more.
  @Test func aSeriesThatDoesNotFitIsRefused() async throws {
    let run = try Run(Problem(Draft.plain.with("optimizer", "adam").recipe()))
    _ = await run.train()
    let checkpoint = try await run.checkpoint()
    let progress = try #require(checkpoint.progress)
    var series = checkpoint.tensors.filter { Checkpoint.isSeries($0.name) }
    #expect(series.map(\.name).prefix(1) == ["adam.first-moment/dense-1.weight"])
    series[0] = .init(name: series[0].name, shape: Shape(2, 4), values: series[0].values)
    let last = series.count - 2
    series[last] = .init(name: series[last].name, shape: Shape(1), values: [0])
    let error = try failure {
      _ = try Checkpoint(checkpoint.network, progress, tensors: series)
    }
    #expect(
      error.description
        == "adam.first-moment/dense-1.weight: has shape [2 × 4], its training [4 × 2]; "
        + "trace.learning-rate has shape [1], its training [3]; "
        + "use a file as it was written by 'keel train --save'")
  }

  @Test func anotherRecipesDataAreRefused() async throws {
    let scratch = try Scratch()
    let recipe = try recipe(scratch)
    let run = try Run(Problem(recipe))
    _ = await run.train(steps: 5)
    let checkpoint = try await run.checkpoint()
    let other = try self.recipe(scratch, scale: 2)
    #expect(other == recipe)
    #expect(try failure { _ = try Run(resuming: checkpoint, of: Problem(other)) }.place == "data")
  }
}
