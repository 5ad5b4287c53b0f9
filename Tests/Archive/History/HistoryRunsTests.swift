import Foundation
import GRDB
import KeelArchive
import KeelAuthoring
import Testing

/// Runs are found, forgotten and taken over.
struct HistoryRunsTests {
  private let scratch: Scratch
  private let history: History

  init() throws {
    scratch = try Scratch()
    history = try History(scratch("keel.sqlite"))
  }

  /// A short run that was trained; its id.
  @discardableResult
  private func add(
    _ name: String, _ kind: ArchivedRun.Kind = .train, in other: History? = nil, steps: Int = 60,
    body: String = "{}"
  ) async throws -> String {
    var recipe = try Draft.plain.with("training", "{epochs: 1000, batch: 20, max-steps: \(steps)}")
      .recipe()
    recipe.name = name
    let recorder = Recorder(
      ArchivedRun(kind, of: recipe, command: "keel", version: "1"), recipe: recipe.description,
      in: other ?? history
    ) { Issue.record("\($0)") }
    let run = try Run(Problem(recipe))
    let training = await run.train { recorder.record($0) }
    await recorder.finish(.init("trained", training: training, cause: "x", body: body))
    return recorder.id
  }

  @Test func runsAreFound() async throws {
    let first = try await add("mlp one")
    let second = try await add("mlp two", .cure)
    try await add("' OR 1 = 1 --")
    #expect(try history.runs().count == 3 && history.runs().allSatisfy { $0.body == nil })
    #expect(try Set(history.runs(named: "mlp").map(\.id)) == [first, second])
    #expect(try history.runs(named: "%").isEmpty)
    #expect(try history.runs(named: "' OR").count == 1)
    #expect(try history.runs(kind: .cure).map(\.id) == [second])
    #expect(try history.runs(outcome: "exploded").isEmpty)
    #expect(try history.run(String(first.prefix(10))).id == first)
  }

  @Test func anIdMustFitOne() async throws {
    for id in ["ab12", "ab34"] {
      let run = ArchivedRun(.train, of: try Draft.plain.recipe(), command: "", version: "1")
      try history.write { database in
        try run.insert(database)
        try database.execute(sql: "UPDATE run SET id = ? WHERE id = ?", arguments: [id, run.id])
      }
    }
    #expect(try failure { _ = try history.run("ab") }.kind == .usage)
    #expect(try failure { _ = try history.run("b") }.kind == .missing)
    #expect(try failure { _ = try history.run("") }.kind == .missing)
    #expect(try history.run("ab1").id == "ab12")
  }

  /// What is forgotten leaves nothing behind, and what is kept stays.
  @Test func theForgottenAreGone() async throws {
    let first = try await add("one")
    let second = try await add("two")
    try history.delete([try history.run(first)])
    #expect(try history.runs().map(\.id) == [second])
    let (chunks, recipes) = try history.read { database in
      (
        try Int.fetchOne(
          database,
          sql: "SELECT count(*) FROM chunk WHERE series NOT IN (SELECT id FROM series)"),
        try Int.fetchOne(database, sql: "SELECT count(*) FROM recipe")
      )
    }
    #expect(chunks == 0 && recipes == 1)
    #expect(try history.series("loss", of: second)?.segments[0].mean.count == 60)
  }

  @Test func theOldestAreForgottenFirst() async throws {
    let ids = [
      try await add("a", steps: 2000), try await add("b", steps: 2000),
      try await add("c", steps: 2000),
    ]
    try history.write {
      try $0.execute(sql: "UPDATE run SET seen = seen - 90000 WHERE id = ?", arguments: [ids[0]])
    }
    #expect(try history.prune(olderThan: 86_400).map(\.id) == [ids[0]])
    let size = try history.size()
    #expect(try history.prune(to: size).isEmpty)
    #expect(try history.prune(to: size - 1).map(\.id) == [ids[1]])
    #expect(try history.size() < size)
    #expect(try history.prune(olderThan: -1, to: 0).map(\.id) == [ids[2]])
    #expect(try history.runs().isEmpty)
  }

  @Test func whatIsRunningIsNotForgotten() async throws {
    let run = ArchivedRun(.train, of: try Draft.plain.recipe(), command: "", version: "1")
    try history.write { try run.insert($0) }
    let error = try failure { try history.delete([try history.run(run.id)]) }
    #expect(error.kind == .usage && error.what == "is still running")
    #expect(try history.prune(olderThan: 0, to: 0).isEmpty)
  }

  @Test func archivesAreMerged() async throws {
    let other = try History(scratch("other.sqlite"))
    let mine = try await add("mine")
    let theirs = try await add("theirs", in: other)
    #expect(try history.merge(other) == 1 && history.merge(other) == 0)
    #expect(try Set(history.runs().map(\.id)) == [mine, theirs])
    #expect(
      try history.series("loss", of: theirs) == other.series("loss", of: theirs))
    #expect(try history.recipe(of: history.run(theirs))?.name == "theirs")
  }

  /// What `sqlite3` is asked in the README.
  @Test func findingsAndTrialsAreRows() async throws {
    let body = """
      {"findings": [{"cause": "large-learning-rate", "kind": "cause", "confidence": 0.97}],
       "trials": [{"remedies": [{"remedy": "warm-up"}, {"remedy": "clip-gradients"}],
         "outcome": "holds", "steps": 300, "loss": "NaN", "score": 0.5, "seed": 3}],
       "recoveries": [{"step": 9, "rewoundTo": 4, "remedy": "skip-batch"}]}
      """
    let id = try await add("cured", .cure, body: body)
    let (cause, remedies, step) = try history.read { database in
      (
        try String.fetchOne(
          database, sql: "SELECT cause FROM finding WHERE run = ?", arguments: [id]),
        try String.fetchOne(database, sql: "SELECT remedies FROM trial WHERE outcome = 'holds'"),
        try Int.fetchOne(database, sql: "SELECT rewound_to FROM recovery")
      )
    }
    #expect(cause == "large-learning-rate" && remedies == "warm-up + clip-gradients" && step == 4)
  }
}
