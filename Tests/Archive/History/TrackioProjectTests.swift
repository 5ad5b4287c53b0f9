import Foundation
import GRDB
import KeelArchive
import KeelTestSupport
import Testing

/// What Trackio logged is in the archive as it was; `Tests/Vectors/make_trackio.py` logged it.
struct TrackioProjectTests {
  private let scratch: Scratch
  private let history: History

  init() throws {
    scratch = try Scratch()
    history = try History(scratch("keel.sqlite"))
  }

  private func project(_ more: String = "") throws -> String {
    let path = scratch("moons.db")
    let sql = try String(
      contentsOfFile: Checkout.path("Tests/Vectors/trackio.sql"), encoding: .utf8)
    try DatabaseQueue(path: path).write { try $0.execute(sql: sql + more) }
    return path
  }

  private func merge(_ path: String) throws -> Int {
    try #require(try TrackioProject(path)).merge(into: history)
  }

  @Test func everyRunIsThere() throws {
    #expect(try merge(project()) == 2)
    let runs = try history.runs()
    #expect(Set(runs.map(\.name)) == ["too fast", "sound"])
    let fast = try #require(runs.first { $0.name == "too fast" })
    #expect(fast.engine == "trackio" && fast.problem == "moons" && fast.isLogged)
    #expect(fast.standing == "exploded" && fast.explosionStep == 30 && fast.steps == 40)
    #expect(fast.finalLoss?.isNaN == true)
    let loss = try #require(try history.series("loss", of: fast.id)?.segments.first?.mean)
    #expect(loss.count == 40 && loss[29] == 2 * Float(4).power(29))
    #expect(loss[30] == .infinity && loss[39].isNaN)
    #expect(try history.series("gradient-norm", of: fast.id) != nil)
    // Under its own name, for it is of the validation.
    #expect(try history.series("val.loss", of: fast.id)?.segments.first?.mean[0] == 1)
    #expect(try history.series("note", of: fast.id) == nil)
  }

  /// Where not every step was logged, a value stands until the next.
  @Test func betweenTwoStepsTheLastStands() throws {
    _ = try merge(project())
    let sound = try #require(try history.runs(named: "sound").first)
    #expect(sound.standing == "trained" && sound.steps == 191)
    let loss = try #require(try history.series("loss", of: sound.id)?.segments.first?.mean)
    #expect(loss.count == 191 && loss[9] == loss[0] && loss[10] == Float(1.8))
    #expect(try history.series("learning-rate", of: sound.id)?.segments.first?.mean[0] == 0.1)
  }

  /// What goes on there is taken anew, and nothing twice; where the steps go back another stretch
  /// begins.
  @Test func whatWentOnIsTakenAnew() throws {
    let path = try project()
    #expect(try merge(path) == 2)
    #expect(try merge(path) == 0)
    try DatabaseQueue(path: path).write {
      for (step, loss) in [(150, "0.5"), (300, "NaN"), (310, "0.25")] {
        try $0.execute(
          sql: """
            INSERT INTO metrics(run_id, run_name, timestamp, step, metrics) SELECT run_id, run_name,
            '2030-01-01T00:00:00+00:00', ?, '{"loss": ' || ? || '}' FROM metrics
            WHERE run_name = 'sound' LIMIT 1
            """, arguments: [step, loss])
      }
    }
    #expect(try merge(path) == 1)
    let run = try #require(try history.runs(named: "sound").first)
    #expect(run.steps == 311 && run.finalLoss == 0.25 && run.explosionStep == nil)
    let segments = try #require(try history.series("loss", of: run.id)?.segments)
    #expect(segments.map(\.first) == [0, 150] && segments[1].mean.last == 0.25)
    #expect(try history.runs().count == 2)
  }

  @Test func twoAreCompared() throws {
    _ = try merge(project())
    let runs = try history.runs().sorted { $0.name > $1.name }.map { try history.run($0.id) }
    #expect(runs[0].changes(from: runs[1])?.map(\.path) == ["lr"])
  }

  @Test func whatIsNoneIsSomebodyElses() throws {
    _ = try History(scratch("other.sqlite"))
    for path in [scratch("other.sqlite"), scratch("none.db"), scratch.path] {
      #expect(try TrackioProject(path) == nil)
    }
    #expect(!FileManager.default.fileExists(atPath: scratch("none.db")))
    // A row that is not what Trackio logs is left out, and the rest is there.
    let broken = try project(
      """
      INSERT INTO metrics(run_id, run_name, timestamp, step, metrics) VALUES
        ('feed', 'bad', '', 7, 'no json'), ('feed', 'bad', '', 'x', '{"loss": 1}');
      """)
    let project = try #require(try TrackioProject(broken))
    #expect(try project.unread == 2 && project.merge(into: history) == 2)
  }

  /// Where tokens are counted, what was logged is counted instead; what is no text is left out.
  @Test func largeStepsAreCounted() throws {
    let path = try project(
      """
      UPDATE metrics SET step = 100000000 + step * 1000000 WHERE run_name = 'sound';
      UPDATE configs SET config = x'ff01' WHERE run_name = 'sound';
      """)
    #expect(try merge(path) == 2)
    let run = try #require(try history.runs(named: "sound").first)
    #expect(run.steps == 20)
    #expect(try history.series("loss", of: run.id)?.segments[0].mean.count == 20)
  }

  /// What is logged by another count of steps makes no other stretch of the loss.
  @Test func aSeriesHasItsOwnSteps() throws {
    let path = try project(
      """
      INSERT INTO metrics(run_id, run_name, timestamp, step, metrics) SELECT run_id, run_name,
        timestamp, 1, '{"val/loss": 3}' FROM metrics WHERE run_name = 'too fast' LIMIT 1;
      """)
    _ = try merge(path)
    let run = try #require(try history.runs(named: "too fast").first)
    #expect(run.standing == "exploded" && run.explosionStep == 30 && run.steps == 40)
    #expect(try history.series("loss", of: run.id)?.segments.count == 1)
  }
}

extension Float {
  fileprivate func power(_ exponent: Int) -> Float {
    (0..<exponent).reduce(1) { power, _ in power * self }
  }
}
