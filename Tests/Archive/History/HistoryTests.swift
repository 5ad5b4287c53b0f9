import Foundation
import GRDB
import KeelArchive
import KeelAuthoring
import Synchronization
import Testing

/// An archive opens, or says what is wrong with it.
struct HistoryTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func sqlite(_ name: String, _ sql: String) throws -> String {
    try DatabaseQueue(path: scratch(name)).write { try $0.execute(sql: sql) }
    return scratch(name)
  }

  /// It is made where it is wanted, and git is told to leave it alone.
  @Test func isMadeBesideTheRecipe() throws {
    let history = try History(scratch(".keel/keel.sqlite"))
    #expect(try history.runs().isEmpty)
    #expect(try String(contentsOfFile: scratch(".keel/.gitignore"), encoding: .utf8) == "*\n")
    #expect(try history.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
  }

  @Test func whatIsNotThereIsMissing() throws {
    let error = try failure { _ = try History(scratch("none.sqlite"), create: false) }
    #expect(error.kind == .missing && error.fix.contains("--archive"))
    #expect(try scratch.contents.isEmpty)
  }

  /// An empty file is no archive, and is not made one by somebody who only reads.
  @Test func anEmptyFileIsNone() throws {
    let path = try scratch.write("empty.db", "")
    let error = try failure { _ = try History(path, create: false) }
    #expect(error.kind == .invalid && error.what.contains("empty"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
  }

  @Test func aFolderIsNone() throws {
    let error = try failure { _ = try History(scratch.path) }
    #expect(error.kind == .invalid && error.what.contains("folder"))
  }

  /// Damage is told, and the file left as it was.
  @Test func damageIsTold() throws {
    let noise = try scratch.write("noise.sqlite", String(repeating: "no database. ", count: 500))
    let error = try failure { _ = try History(noise) }
    #expect(error.kind == .invalid && error.fix.contains(".recover"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: noise)).count == 6500)
  }

  @Test func anotherProgramsIsRefused() throws {
    let path = try sqlite("other.sqlite", "CREATE TABLE customer(id)")
    let error = try failure { _ = try History(path) }
    #expect(error.kind == .invalid && error.what.contains("another program"))
    #expect(try sqlite("other.sqlite", "INSERT INTO customer VALUES (1)") == path)
  }

  /// Opened to be written it would get a journal of another kind; its header says whose it is.
  @Test func anotherProgramsIsNotTouched() throws {
    let path = try sqlite(
      "other.sqlite", "CREATE TABLE customer(id); PRAGMA application_id = 5")
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    for create in [true, false] {
      let error = try failure { _ = try History(path, create: create) }
      #expect(error.what.contains("another program"))
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }

  /// Numbers that no Keel writes are told, not calculated with.
  @Test(arguments: [
    "UPDATE chunk SET level = 60", "UPDATE chunk SET first = 9223372036854775807",
    "UPDATE chunk SET first = -5", "UPDATE chunk SET data = x'00'",
  ])
  func aDamagedChunkIsTold(_ damage: String) throws {
    let path = scratch("a.sqlite")
    let run = ArchivedRun(.train, of: try Draft.plain.recipe(), command: "", version: "0")
    try History(path).write { database in
      try run.insert(database)
      try database.execute(
        sql: "INSERT INTO series(run, name, layer, place) VALUES (?, 'loss', '', 0)",
        arguments: [run.id])
      let chunk = Pyramid.Chunk(level: 0, first: 0, count: 2, values: [1, 2])
      try database.execute(
        sql: "INSERT INTO chunk(series, segment, level, first, count, data) "
          + "VALUES ((SELECT id FROM series), 0, 0, 0, 2, ?)", arguments: [chunk.data])
    }
    #expect(try History(path).steps("loss", of: run.id) == [0: [0: 1, 1: 2]])
    _ = try sqlite("a.sqlite", damage)
    let history = try History(path)
    let error = try failure { _ = try history.series("loss", of: run.id) }
    #expect(error.what.contains("damaged"))
    if !damage.contains("level") {
      _ = try failure { _ = try history.steps("loss", of: run.id) }
    }
  }

  @Test func aNewerOneIsRefused() throws {
    _ = try History(scratch("a.sqlite"))
    let path = try sqlite("a.sqlite", "PRAGMA user_version = 99")
    let error = try failure { _ = try History(path) }
    #expect(error.kind == .invalid && error.what.contains("99"))
  }

  /// What an older Keel wrote gets the newer tables, and keeps its runs.
  @Test func anOlderOneIsMigrated() throws {
    let path = scratch("old.sqlite")
    let run = ArchivedRun(.train, of: try Draft.plain.recipe(), command: "", version: "0")
    try History(path).write { try run.insert($0) }
    let later = Schema.migrations + ["ALTER TABLE run ADD COLUMN note TEXT"]
    try DatabaseQueue(path: path).write { try Schema.migrate($0, at: path, with: later) }
    let database = try DatabaseQueue(path: path)
    let (version, notes, id) = try database.read { database in
      (
        try Int.fetchOne(database, sql: "PRAGMA user_version"),
        try Int.fetchOne(database, sql: "SELECT count(*) FROM run WHERE note IS NULL"),
        try String.fetchOne(database, sql: "SELECT id FROM run")
      )
    }
    #expect(version == later.count && notes == 1 && id == run.id)
  }

  /// Of version 1 events were of the stretch that the run ended on.
  @Test func versionOneGetsSegments() throws {
    let path = scratch("one.sqlite")
    try DatabaseQueue(path: path).write { database in
      try Schema.migrate(database, at: path, with: Array(Schema.migrations.prefix(1)))
      try database.execute(
        sql: """
          INSERT INTO run(id, kind, name, folder, seed, problem, command, engine, machine, version,
            began, seen) VALUES ('feed', 'train', 'old', '/', '0', '', '', 'keel', '', '0', 1, 2);
          INSERT INTO event(run, step, kind, value) VALUES ('feed', 7, 'surge', 9);
          INSERT INTO series(id, run, name, place) VALUES (1, 'feed', 'loss', 0);
          INSERT INTO chunk VALUES (1, 0, 0, 0, 1, x'00'), (1, 1, 0, 0, 1, x'00');
          """)
    }
    // Where it cannot be written it is read all the same.
    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
    for _ in 0..<2 {
      let history = try History(path, create: false)
      #expect(try history.runs().map(\.id) == ["feed"])
      let events = try history.events(of: "feed")
      #expect(events.map(\.segment) == [1] && events.map(\.step) == [7])
      #expect(events.map(\.kind) == ["surge"] && events.map(\.value) == [9])
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    }
  }

  /// A migration that fails half-way leaves the file as it was.
  @Test func aFailedMigrationChangesNothing() throws {
    let path = scratch("half.sqlite")
    _ = try History(path)
    let broken = Schema.migrations + ["CREATE TABLE half(x)", "no SQL"]
    #expect(throws: (any Error).self) {
      try DatabaseQueue(path: path).write { try Schema.migrate($0, at: path, with: broken) }
    }
    #expect(try History(path).read { try !$0.tableExists("half") })
  }

  /// A file system without shared memory has no write-ahead log: SQLite's own locks by dot files
  /// are one such.
  @Test func withoutALogItIsARollbackJournal() throws {
    let history = try History("file:\(scratch("plain.sqlite"))?vfs=unix-dotfile")
    #expect(try history.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "delete")
    let run = ArchivedRun(.train, of: try Draft.plain.recipe(), command: "", version: "0")
    try history.write { try run.insert($0) }
    #expect(try history.runs().map(\.id) == [run.id])
  }

  /// A folder that takes no file.
  @Test func whatCannotBeWrittenIsTold() throws {
    let error = try failure { _ = try History("/proc/none/keel.sqlite") }
    #expect(error.kind == .unwritable && error.place == "/proc/none/keel.sqlite")
  }
}
