import Foundation
import KeelArchive
import KeelAuthoring
import Testing

/// Pages that go on: what is told, and what becomes of them while the archive changes.
struct FeedTests {
  private static let recipe = Recipe(
    name: "<b>bold</b>", data: .blobs(samples: 100, classes: 3),
    model: [.dense(8), .tanh, .dense(3)], initializer: .xavier(), loss: .softmaxCrossEntropy,
    optimizer: .sgd(learningRate: 1e6), training: .init(epochs: 10, batch: 20))

  /// Trains, explodes, and is on record.
  private func record(in served: Served) async throws -> String {
    let run = try Run(Problem(Self.recipe))
    let recorder = Recorder(
      ArchivedRun(.train, of: Self.recipe, command: "keel train", version: "1"),
      recipe: Self.recipe.description, in: try History(served.archive)
    ) { Issue.record("\($0)") }
    let training = await run.train { recorder.record($0) }
    await recorder.finish(
      .init(training.outcome.rawValue, training: training, body: Self.body(training)))
    return recorder.id
  }

  private static func body(_ training: Training) -> String {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return (try? encoder.encode(training)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  @Test func anExplosionIsSeenWhereItHappens() async throws {
    let served = try Served()
    let id = try await record(in: served)
    let list = try served.get("/")
    #expect(list.contains("role=\"alert\"><p><a href=\"/run?id=\(id)\">✗ "))
    let page = try served.get("/run?id=\(id)")
    #expect(page.contains("Loss and gradient norm by step") && page.contains("exploded at step"))
    // What somebody has called a run stays text.
    #expect(!page.contains("<b>bold") && page.contains("&lt;b&gt;bold"))
    #expect(!list.contains("<b>bold"))
    let comparison = try served.get("/compare?run=\(id)&run=\(id.prefix(8))")
    #expect(comparison.contains("Loss of 2 runs by step"))
    #expect(try served.get("/compare?run=\(id)&run=ffffffff").hasPrefix("HTTP/1.1 404"))
  }

  /// An open page is told of a run that begins, by itself.
  @Test func anOpenPageIsTold() async throws {
    let served = try Served()
    _ = try History(served.archive)
    let page = try served.follow("/events")
    let before = page.read(20) { $0.contains("event: heartbeat") }
    #expect(before.contains("content-type: text/event-stream"))
    #expect(before.contains("No run is on record yet"))
    let id = try await record(in: served)
    // It may be seen before it has exploded.
    let after = page.read(60) { $0.contains(#""id":"title","text":"✗"#) }
    #expect(after.contains(id) && after.contains(#""id":"title","text":"✗"#))
  }

  /// An archive that goes is said to have gone; the one that comes is shown.
  @Test func anArchiveMayVanish() async throws {
    let served = try Served()
    let first = try served.get("/")
    #expect(first.hasPrefix("HTTP/1.1 200") && first.contains("keel.sqlite is not there yet"))
    _ = try await record(in: served)
    #expect(try served.get("/").hasPrefix("HTTP/1.1 200"))
    let page = try served.follow("/events")
    _ = page.read(20) { $0.contains("event: heartbeat") }
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: served.archive + suffix)
    }
    #expect(page.read(60) { $0.contains("is not there yet") }.contains("is not there yet"))
    let id = try await record(in: served)
    #expect(try served.get("/").contains(id))
  }

  /// What `keel.watch` writes while it is served.
  @Test func aWatchedTrainingIsServed() throws {
    let served = try Served()
    let folder = "\(served.folder)/live"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let lines = (0..<20).map { step in
      #"{"step": \#(step), "loss": \#(pow(4, Double(step))), "gradientNorm": 1}"#
    }
    let text =
      [#"{"engine": "pytorch 2.13", "name": "train.py", "began": 1, "layers": []}"#] + lines
    try Data((text.joined(separator: "\n") + "\n").utf8)
      .write(to: URL(fileURLWithPath: "\(folder)/run.jsonl"))
    let told = try served.follow("/events").read(60) { $0.contains("pytorch 2.13") }
    #expect(told.contains("train.py") && told.contains("pytorch 2.13"))
  }
}
