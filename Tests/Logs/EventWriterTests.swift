import Foundation
import KeelAuthoring
import KeelLogs
import Testing

/// What a training writes while it runs is read back as it was, NaN included.
struct EventWriterTests {
  private func recipe(rate: Double) -> Recipe {
    Recipe(
      name: "events", data: .regression(samples: 64, features: 4, noise: 0.1),
      model: [.dense(8), .relu, .dense(1)], loss: .meanSquaredError,
      optimizer: .sgd(learningRate: rate), training: .init(epochs: 20, batch: 8))
  }

  @Test(arguments: [0.01, 1e3]) func isReadBack(rate: Double) async throws {
    let folder = NSTemporaryDirectory() + "keel-events-\(UUID().uuidString)/run"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let writer = try EventWriter(in: folder)
    let run = try Run(Problem(recipe(rate: rate)))
    _ = await run.train { writer.add($0) }
    try writer.finish()
    let log = try TrainingLog.read(folder)
    #expect(log.remarks.isEmpty)
    let losses = try #require(log.series["loss"]).values
    let trace = await run.trace
    #expect(losses.count == trace.count)
    #expect(zip(losses, trace.losses).allSatisfy { $0 == Double($1) || ($0.isNaN && $1.isNaN) })
    #expect(log.series["gradient-norm/dense-1"] != nil)
    #expect(try LogDiagnosis(log).verdict == (rate > 1 ? .exploding : .healthy))
  }

  @Test func folderThatCannotBe() throws {
    let file = NSTemporaryDirectory() + "keel-events-\(UUID().uuidString)"
    try Data().write(to: URL(fileURLWithPath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    #expect(throws: KeelError.self) { try EventWriter(in: "\(file)/run") }
  }
}
