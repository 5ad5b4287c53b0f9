import Foundation
import GRDB
import KeelAuthoring

/// The tables of an archive, as SQL that `sqlite3` shows, and how an older file becomes a newer.
///
/// `PRAGMA user_version` counts the migrations that a file has seen, and `application_id` tells an
/// archive from another program's database.
package enum Schema {
  /// "Keel" in ASCII.
  static let applicationID = 0x4B65_656C

  /// Each makes version n + 1 out of version n; none is changed once it was released.
  ///
  /// Findings, trials and recoveries stand once, in a run's body; the views show them as rows.
  package static let migrations = [
    """
    CREATE TABLE recipe(
      id INTEGER PRIMARY KEY,
      text TEXT NOT NULL UNIQUE);
    CREATE TABLE run(
      id TEXT PRIMARY KEY,
      parent TEXT REFERENCES run(id) ON DELETE SET NULL,
      kind TEXT NOT NULL,
      name TEXT NOT NULL,
      recipe INTEGER REFERENCES recipe(id),
      folder TEXT NOT NULL,
      rows TEXT,
      seed TEXT NOT NULL,
      problem TEXT NOT NULL,
      command TEXT NOT NULL,
      engine TEXT NOT NULL,
      machine TEXT NOT NULL,
      version TEXT NOT NULL,
      began REAL NOT NULL,
      seen REAL NOT NULL,
      ended REAL,
      outcome TEXT,
      verdict TEXT,
      steps INTEGER NOT NULL DEFAULT 0,
      total INTEGER,
      loss REAL,
      loss_text TEXT,
      score REAL,
      score_text TEXT,
      explosion_step INTEGER,
      explosion_place TEXT,
      cause TEXT,
      change TEXT,
      body TEXT);
    CREATE INDEX run_began ON run(began);
    CREATE INDEX run_parent ON run(parent);
    CREATE INDEX run_recipe ON run(recipe);
    CREATE TABLE event(
      run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      step INTEGER NOT NULL,
      kind TEXT NOT NULL,
      value REAL,
      value_text TEXT);
    CREATE INDEX event_run ON event(run, step);
    CREATE TABLE series(
      id INTEGER PRIMARY KEY,
      run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      layer TEXT NOT NULL DEFAULT '',
      place INTEGER NOT NULL,
      UNIQUE(run, name, layer));
    CREATE TABLE chunk(
      series INTEGER NOT NULL REFERENCES series(id) ON DELETE CASCADE,
      segment INTEGER NOT NULL,
      level INTEGER NOT NULL,
      first INTEGER NOT NULL,
      count INTEGER NOT NULL,
      data BLOB NOT NULL,
      PRIMARY KEY(series, segment, level, first)) WITHOUT ROWID;
    CREATE VIEW finding AS SELECT run.id AS run, item.key + 1 AS rank,
      item.value ->> '$.cause' AS cause, item.value ->> '$.kind' AS kind,
      item.value ->> '$.confidence' AS confidence, item.value ->> '$.where' AS place
      FROM run, json_each(run.body, '$.findings') AS item;
    CREATE VIEW trial AS SELECT run.id AS run, item.key + 1 AS number,
      (SELECT group_concat(remedy.value ->> '$.remedy', ' + ')
        FROM json_each(item.value, '$.remedies') AS remedy) AS remedies,
      item.value ->> '$.outcome' AS outcome, item.value ->> '$.steps' AS steps,
      item.value ->> '$.loss' AS loss, item.value ->> '$.score' AS score,
      item.value ->> '$.seed' AS seed
      FROM run, json_each(run.body, '$.trials') AS item;
    CREATE VIEW recovery AS SELECT run.id AS run, item.value ->> '$.step' AS step,
      item.value ->> '$.rewoundTo' AS rewound_to, item.value ->> '$.remedy' AS remedy
      FROM run, json_each(run.body, '$.recoveries') AS item;
    """,
    // A run that goes back passes the same steps again: which time an event happened in.
    """
    ALTER TABLE event ADD COLUMN segment INTEGER NOT NULL DEFAULT 0;
    UPDATE event SET segment = coalesce(
      (SELECT max(chunk.segment) FROM series JOIN chunk ON chunk.series = series.id
        WHERE series.run = event.run AND series.name = 'loss'), 0);
    ALTER TABLE run ADD COLUMN model TEXT;
    """,
    // What a run has found that has no answer yet.
    "ALTER TABLE run ADD COLUMN progress TEXT;",
    // Of a recipe the newest map over two settings.
    """
    CREATE TABLE map(
      recipe INTEGER NOT NULL REFERENCES recipe(id) ON DELETE CASCADE,
      x TEXT NOT NULL,
      y TEXT NOT NULL,
      made REAL NOT NULL,
      body TEXT NOT NULL,
      PRIMARY KEY(recipe, x, y));
    """,
  ]

  /// Brings a file to the newest version.
  /// - Throws: `KeelError` where it is another program's, or of a newer Keel.
  package static func migrate(
    _ database: Database, at path: String, with migrations: [String] = migrations
  ) throws {
    let version = try check(database, at: path, newest: migrations.count)
    guard version < migrations.count else { return }
    for migration in migrations[version...] { try database.execute(sql: migration) }
    try database.execute(sql: "PRAGMA application_id = \(applicationID)")
    try database.execute(sql: "PRAGMA user_version = \(migrations.count)")
  }

  /// Refuses a file that says it is another program's before it is opened, which may write to it.
  ///
  /// The id is at byte 68 of the header (https://sqlite.org/fileformat2.html, 1.3).
  static func checkOwner(ofFile path: String) throws {
    guard let file = FileHandle(forReadingAtPath: path) else { return }
    defer { try? file.close() }
    let head = Array((try? file.read(upToCount: 72)) ?? Data())
    guard head.count == 72, head.starts(with: Array("SQLite format 3\0".utf8)) else { return }
    let owner = head[68..<72].reduce(0) { $0 << 8 | Int($1) }
    guard owner != 0, owner != applicationID else { return }
    throw foreign(path)
  }

  private static func foreign(_ path: String) -> KeelError {
    KeelError(
      .invalid, at: path, "is the database of another program",
      fix: "name another file with --archive")
  }

  /// - Returns: the version that a file has.
  static func check(
    _ database: Database, at path: String, newest: Int = migrations.count
  ) throws -> Int {
    let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    let owner = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
    let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
    guard owner == applicationID || (tables == 0 && owner == 0 && version == 0) else {
      throw foreign(path)
    }
    guard version >= 0 else {
      throw KeelError(
        .invalid, at: path, "is damaged: its version is \(version)",
        fix: "name another file with --archive")
    }
    guard version <= newest else {
      throw KeelError(
        .invalid, at: path,
        "was written by a newer keel (its tables are of version \(version), this one knows \(newest))",
        fix: "use the newer keel, or another file with --archive")
    }
    return version
  }
}
