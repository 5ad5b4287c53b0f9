import Foundation
import KeelArchive
import KeelAuthoring
import KeelReport
import Testing

/// The page of runs: who is loud, and who is not.
struct LiveRunsTests {
  private let history: History

  init() throws { history = try History(":memory:") }

  private static func recipe(_ name: String) -> Recipe {
    Recipe(
      name: name, data: .blobs(samples: 60, classes: 3), model: [.dense(3)],
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 1e9),
      training: .init(epochs: 5, batch: 20))
  }

  /// A run that ended so, as it is on record.
  private func record(
    _ name: String = "lost", _ kind: ArchivedRun.Kind = .train, _ outcome: String = "exploded",
    parent: String? = nil, cause: String? = nil
  ) async throws -> String {
    let recipe = Self.recipe(name)
    let training = await (try Run(Problem(recipe))).train()
    let recorder = Recorder(
      ArchivedRun(kind, of: recipe, command: "keel", version: "1", parent: parent),
      recipe: recipe.description, in: history
    ) { Issue.record("\($0)") }
    await recorder.finish(.init(outcome, training: training, cause: cause))
    return recorder.id
  }

  @Test func anExplosionIsLoud() async throws {
    let id = try await record()
    let page = try LiveRuns(history)
    #expect(page.title == "✗ lost exploded" && page.alarms.count == 1)
    #expect(page.alarms[0].hasPrefix("<a href=\"/run?id=\(id)\">✗ lost exploded at step "))
    // An hour later it is no news.
    let later = try LiveRuns(history, now: Date(timeIntervalSinceNow: 3700))
    #expect(later.alarms.isEmpty && later.title == "Keel")
  }

  /// Of one recipe once, and no more once it is cured; why, as soon as somebody has found out.
  @Test func aCureEndsTheAlarm() async throws {
    let id = try await record()
    _ = try await record()
    _ = try await record("another")
    #expect(try LiveRuns(history).alarms.count == 2)
    let lost = try await record("third")
    _ = try await record("fourth", .diagnose, "stalled", parent: lost, cause: "large-learning-rate")
    #expect(try LiveRuns(history).alarms.contains { $0.hasSuffix("</a>: large-learning-rate") })
    _ = try await record("lost", .cure, "cured")
    let page = try LiveRuns(history)
    #expect(!page.alarms.contains { $0.contains(id) || $0.contains("✗ lost ") })
  }

  /// What was drawn before is drawn again only where it has changed.
  @Test func aPageGoesOnFromTheLast() async throws {
    _ = try await record()
    let first = try LiveRuns(history)
    let now = Date()
    _ = try await record("another")
    #expect(
      try LiveRuns(history, after: first, now: now).parts == LiveRuns(history, now: now).parts)
  }

  @Test func nothingIsSaidOfNothing() throws {
    let page = try LiveRuns(history)
    #expect(page.sections.contains { $0.text.contains("No run is on record yet") })
    #expect(page.html(events: "/events?a=1&b=2").contains("data-events=\"/events?a=1&amp;b=2\""))
    #expect(!page.html(events: nil).contains("data-events"))
  }
}
