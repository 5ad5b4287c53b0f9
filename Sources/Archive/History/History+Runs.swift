import Foundation
import GRDB
import KeelAuthoring

// Finding runs, and forgetting them.

extension History {
  /// Runs, the newest first.
  /// - Parameters:
  ///   - name: part of a recipe's name, or the beginning of an id.
  ///   - kind: what was done; everything where nil.
  ///   - outcome: `running`, `killed`, a verdict, or as the command's JSON names it.
  /// - Returns: them without their answers.
  public func runs(
    named name: String? = nil, kind: ArchivedRun.Kind? = nil, outcome: String? = nil
  ) throws -> [ArchivedRun] {
    var conditions: [String] = []
    var arguments: [any DatabaseValueConvertible] = []
    if let name {
      conditions.append("(instr(lower(name), lower(?)) > 0 OR substr(id, 1, length(?)) = ?)")
      arguments += [name, name, name.lowercased()]
    }
    if let kind {
      conditions.append("kind = ?")
      arguments.append(kind.rawValue)
    }
    let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
    let found = try read {
      try ArchivedRun.fetchAll(
        $0, sql: "SELECT \(Self.listed) FROM run\(filter) ORDER BY began DESC, id",
        arguments: StatementArguments(arguments))
    }
    return found.filter { run in
      outcome.map { [run.standing, run.outcome, run.verdict].contains($0) } ?? true
    }
  }

  /// The newest runs, those that have not ended first.
  /// - Returns: so many at the most, without their answers, and how many there are in all.
  /// - Throws: `KeelError` where the archive cannot be read.
  package func newestRuns(_ most: Int) throws -> (runs: [ArchivedRun], count: Int) {
    try read { database in
      (
        try ArchivedRun.fetchAll(
          database,
          sql: "SELECT \(Self.listed) FROM run "
            + "ORDER BY ended IS NULL AND seen > ? DESC, began DESC, id LIMIT ?",
          arguments: [Date().timeIntervalSince1970 - ArchivedRun.silence, most]),
        try Int.fetchOne(database, sql: "SELECT count(*) FROM run") ?? 0
      )
    }
  }

  /// All columns of a run but its answer, and what it has found so far.
  private static let listed = ArchivedRun.CodingKeys.allCases
    .filter { $0 != .body && $0 != .progress }
    .map(\.rawValue).joined(separator: ", ")

  /// The run whose id begins so.
  /// - Throws: `KeelError` where there is none, or more than one.
  public func run(_ id: String) throws -> ArchivedRun {
    let found = try read {
      try ArchivedRun.fetchAll(
        $0, sql: "SELECT * FROM run WHERE substr(id, 1, length(?)) = ? ORDER BY began DESC",
        arguments: [id, id.lowercased()])
    }
    guard let first = found.first, !id.isEmpty else {
      throw KeelError(
        .missing, at: id, "is no run of \(path)", fix: "list them with: keel runs list")
    }
    guard found.count == 1 else {
      let ids = found.prefix(3).map(\.id).joined(separator: ", ")
      throw KeelError(
        .usage, at: id, "begins the ids of \(found.count) runs (\(ids))", fix: "give more of it")
    }
    return first
  }

  /// The run of an id; nil where there is none.
  package func runIfThere(_ id: String) throws -> ArchivedRun? {
    try read {
      try ArchivedRun.fetchOne($0, sql: "SELECT * FROM run WHERE id = ?", arguments: [id])
    }
  }

  /// What is another once one of the runs, or of those about them, has gone on, or a map was made;
  /// of all where nil.
  /// - Parameter ids: their beginnings.
  /// - Throws: `KeelError` where the archive cannot be read.
  package func version(of ids: [String]?) throws -> String {
    // What begins so is less than that and a letter which no id has.
    let own = "id BETWEEN ? AND ? || 'g' OR parent BETWEEN ? AND ? || 'g'"
    let filter = ids.map { " WHERE " + $0.map { _ in "(\(own))" }.joined(separator: " OR ") } ?? ""
    let row = try read {
      try Row.fetchOne(
        $0,
        sql: "SELECT count(*), max(seen), count(ended), (SELECT max(made) FROM map) "
          + "FROM run\(filter)",
        arguments: StatementArguments((ids ?? []).flatMap { Array(repeating: $0, count: 4) }))
    }
    return row.map { "\($0)" } ?? ""
  }

  /// The runs that are about a run, or went on from it, the newest first.
  /// - Throws: `KeelError` where the archive cannot be read.
  public func children(of run: ArchivedRun) throws -> [ArchivedRun] {
    try read {
      try ArchivedRun.fetchAll(
        $0, sql: "SELECT * FROM run WHERE parent = ? ORDER BY began DESC", arguments: [run.id])
    }
  }

  /// The newest training that keeps its network in a file; nil where none of the archive does.
  /// - Throws: `KeelError` where the archive cannot be read.
  public func training(keptIn file: String) throws -> ArchivedRun? {
    try read {
      try ArchivedRun.fetchOne(
        $0, sql: "SELECT * FROM run WHERE model = ? AND kind = ? ORDER BY began DESC",
        arguments: [
          URL(fileURLWithPath: file).standardizedFileURL.path, ArchivedRun.Kind.train.rawValue,
        ])
    }
  }

  /// A run's recipe; nil where what was trained is none.
  /// - Throws: `KeelError` where it has an ingredient that this Keel does not know.
  public func recipe(of run: ArchivedRun) throws -> Recipe? {
    try text(of: run).map {
      try RecipeFile.recipe(
        yaml: $0, named: run.name, in: run.folder, catalog: .ofEngines)
    }
  }

  /// Where a recipe's text lies; it is put there if it is new.
  static func number(ofRecipe text: String, _ database: Database) throws -> Int64 {
    try database.execute(
      sql: "INSERT OR IGNORE INTO recipe(text) VALUES (?)", arguments: [text])
    return try Int64.fetchOne(
      database, sql: "SELECT id FROM recipe WHERE text = ?", arguments: [text]
    ).required("what is inserted is there")
  }

  private func text(of run: ArchivedRun) throws -> String? {
    try read {
      try String.fetchOne($0, sql: "SELECT text FROM recipe WHERE id = ?", arguments: [run.recipe])
    }
  }

  /// Something that happened in a step of a run.
  public struct Event: Hashable, Sendable {
    /// The stretch between two rewinds that it happened in, counted from 0.
    public let segment: Int
    /// The step, counted from 0.
    public let step: Int
    /// What happened, as `Trace.Event.Kind` names it.
    public let kind: String
    /// What `Trace.Event.value` is for that kind.
    public let value: Double
  }

  /// What happened in a run, in the order of its steps, stretch by stretch.
  /// - Throws: `KeelError` where the archive cannot be read.
  public func events(of run: String) throws -> [Event] {
    try read {
      try Row.fetchAll(
        $0, sql: "SELECT * FROM event WHERE run = ? ORDER BY segment, step, rowid",
        arguments: [run]
      ).map { row in
        let text: String? = row["value_text"]
        return Event(
          segment: row["segment"], step: row["step"], kind: row["kind"],
          value: text == "NaN" ? .nan : row["value"] ?? .nan)
      }
    }
  }

  /// Forgets runs, with all that is kept of them.
  /// - Throws: `KeelError` where one is still running.
  public func delete(_ runs: [ArchivedRun]) throws {
    if let running = runs.first(where: \.isRunning) {
      throw KeelError(
        .usage, at: running.id, "is still running", fix: "stop it first, or wait for its end")
    }
    try write { try Self.forget(runs, $0) }
    for run in runs { LiveFolder.forget(run, beside: path) }
    try shrink()
  }

  private static func forget(_ runs: [ArchivedRun], _ database: Database) throws {
    for run in runs {
      try database.execute(sql: "DELETE FROM run WHERE id = ?", arguments: [run.id])
    }
    try database.execute(
      sql: "DELETE FROM recipe WHERE id NOT IN (SELECT recipe FROM run WHERE recipe IS NOT NULL) "
        + "AND id NOT IN (SELECT recipe FROM map)")
  }

  /// Forgets the oldest runs that have ended.
  /// - Parameters:
  ///   - age: in seconds; those that ended before that are forgotten.
  ///   - bytes: the size that the file may have.
  ///   - dryRun: whether nothing is forgotten, and only asked what would be.
  /// - Returns: what was forgotten.
  public func prune(
    olderThan age: Double? = nil, to bytes: Int? = nil, dryRun: Bool = false
  ) throws -> [ArchivedRun] {
    let now = Date().timeIntervalSince1970
    let all = try runs().filter { !$0.isRunning }.reversed()
    let gone = try write { database in
      var gone: [ArchivedRun] = []
      try database.inSavepoint {
        for run in all {
          let isOld = age.map { now - run.seen > $0 } ?? false
          let isTooMuch = try bytes.map { try Self.filled(database) > $0 } ?? false
          guard isOld || isTooMuch else { continue }
          try Self.forget([run], database)
          gone.append(run)
        }
        return dryRun ? .rollback : .commit
      }
      return gone
    }
    if !gone.isEmpty, !dryRun {
      for run in gone { LiveFolder.forget(run, beside: path) }
      try shrink()
    }
    return gone
  }

  /// Bytes of the pages that hold something.
  private static func filled(_ database: Database) throws -> Int {
    let (pages, free, size) = try (
      Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0,
      Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0,
      Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
    )
    return (pages - free) * size
  }

  /// Bytes that its runs take.
  /// - Throws: `KeelError` where the archive cannot be read.
  public func size() throws -> Int { try read(Self.filled) }

  private func shrink() throws {
    do { try database.vacuum() } catch { throw explained(error) }
  }

  /// Takes over every run of another archive that has ended there, and not here.
  /// - Returns: how many there were.
  public func merge(_ other: History) throws -> Int {
    let known = Dictionary(uniqueKeysWithValues: try runs().map { ($0.id, $0) })
    let new = try other.runs().reversed().filter { run in
      !run.isRunning && (known[run.id].map { $0.ended == nil && run.ended != nil } ?? true)
    }
    for run in new { try take(other.run(run.id), from: other) }
    return new.count
  }

  private func take(_ run: ArchivedRun, from other: History) throws {
    let (events, series, chunks) = try other.read { database in
      (
        try Row.fetchAll(database, sql: "SELECT * FROM event WHERE run = ?", arguments: [run.id]),
        try Row.fetchAll(database, sql: "SELECT * FROM series WHERE run = ?", arguments: [run.id]),
        try Row.fetchAll(
          database,
          sql: "SELECT * FROM chunk WHERE series IN (SELECT id FROM series WHERE run = ?)",
          arguments: [run.id])
      )
    }
    let text = try other.text(of: run)
    try write { database in
      // What was taken before its end gives way.
      try Self.forget([run], database)
      var copy = run
      // A parent that is not here is none.
      if let parent = run.parent,
        try !Bool.fetchOne(
          database, sql: "SELECT EXISTS(SELECT 1 FROM run WHERE id = ?)", arguments: [parent]
        ).required("a question has an answer")
      {
        copy.parent = nil
      }
      copy.recipe = try text.map { try Self.number(ofRecipe: $0, database) }
      try copy.insert(database)
      for event in events { try Self.insert(event, into: "event", database) }
      var ids: [Int64: Int64] = [:]
      for row in series {
        try database.execute(
          sql: "INSERT INTO series(run, name, layer, place) VALUES (?, ?, ?, ?)",
          arguments: [row["run"], row["name"], row["layer"], row["place"]])
        ids[row["id"]] = database.lastInsertedRowID
      }
      for row in chunks {
        try database.execute(
          sql: "INSERT INTO chunk(series, segment, level, first, count, data) "
            + "VALUES (?, ?, ?, ?, ?, ?)",
          arguments: [
            ids[row["series"]], row["segment"], row["level"], row["first"], row["count"],
            row["data"],
          ])
      }
    }
  }

  private static func insert(_ row: Row, into table: String, _ database: Database) throws {
    let columns = Array(row.columnNames)
    let marks = columns.map { _ in "?" }.joined(separator: ", ")
    try database.execute(
      sql: "INSERT INTO \(table)(\(columns.joined(separator: ", "))) VALUES (\(marks))",
      arguments: StatementArguments(row.databaseValues))
  }
}
