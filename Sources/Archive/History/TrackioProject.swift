import Foundation
import GRDB
import KeelAuthoring
import KeelLogs

/// The runs of a project as Trackio keeps them: a SQLite file with a row of JSON a call of `log`.
///
/// Read are `metrics` (`run_id` or, of older files, `run_name` alone; `step`, `timestamp`,
/// `metrics`) and `configs`; numbers that are not finite are the strings `NaN`, `Infinity` and
/// `-Infinity` there. Source: Trackio 0.43, `sqlite_storage.py`.
public struct TrackioProject: Sendable {
  private let path: String
  private let runs: [LoggedRun]

  /// A run as it was logged.
  private struct LoggedRun: Sendable {
    let id: String
    let name: String
    var config: String?
    var began = 0.0
    var ended = 0.0
    /// Its numbers by name, stretch and step; of a name another stretch begins where its steps go
    /// back.
    var series: [String: [[Int: Float]]] = [:]
    private var last: [String: Int] = [:]

    init(id: String, name: String) { (self.id, self.name) = (id, name) }

    /// Its newest step.
    var newest: Int { series.values.joined().flatMap(\.keys).max() ?? 0 }

    /// Steps of a run at the most: between two that were logged, all are kept.
    private static let most = 1 << 24

    /// The same with the steps that were logged counted from 0, where there are too many between
    /// them, as where tokens are counted.
    func counted() -> LoggedRun {
      let steps = Set(series.values.joined().flatMap(\.keys))
      guard let first = steps.min(), let last = steps.max(), first < 0 || last >= Self.most else {
        return self
      }
      let places = Dictionary(
        uniqueKeysWithValues: steps.sorted().enumerated().map { ($1, $0) })
      var run = self
      run.series = series.mapValues { stretches in
        stretches.map { stretch in
          Dictionary(uniqueKeysWithValues: stretch.map { (places[$0] ?? 0, $1) })
        }
      }
      return run
    }

    mutating func add(_ values: [String: Double], step: Int, time: Double) {
      ended = max(ended, time)
      if began == 0 { began = time }
      for (name, value) in values {
        var stretches = series.removeValue(forKey: name) ?? []
        if step < last[name] ?? .max { stretches.append([:]) }
        stretches[stretches.count - 1][step] = Float(value)
        (last[name], series[name]) = (step, stretches)
      }
    }
  }

  /// Rows that are not what Trackio logs: they are left out.
  public private(set) var unread = 0

  /// - Returns: nil where the file is not one of Trackio's.
  /// - Throws: `KeelError` where it is one, and damaged.
  public init?(_ path: String) throws {
    self.path = path
    var configuration = Configuration()
    configuration.readonly = true
    do {
      // A file that is none, or no database at all, is somebody else's to explain.
      guard
        let file = try? DatabaseQueue(path: path, configuration: configuration),
        (try? file.read({ try $0.tableExists("metrics") && $0.tableExists("configs") })) == true
      else { return nil }
      (runs, unread) = try file.read { try Self.runs($0, path) }
    } catch let error as DatabaseError {
      throw KeelError(
        .invalid, at: path, "is a project of Trackio that cannot be read (\(error.message ?? ""))",
        fix: "save what can be read with: sqlite3 '\(path)' .recover | sqlite3 NEW.db")
    }
  }

  private static func runs(
    _ database: Database, _ path: String
  ) throws -> (runs: [LoggedRun], unread: Int) {
    let columns = try database.columns(in: "metrics").map(\.name)
    let key = columns.contains("run_id") ? "run_id" : "run_name"
    var runs: [String: LoggedRun] = [:]
    var (order, unread): ([String], Int) = ([], 0)
    let rows = try Row.fetchCursor(
      database,
      sql: "SELECT \(key) AS run, run_name, step, metrics, "
        + "(julianday(timestamp) - 2440587.5) * 86400 AS time FROM metrics ORDER BY id")
    while let row = try rows.next() {
      guard let id = String.fromDatabaseValue(row["run"]),
        let name = String.fromDatabaseValue(row["run_name"]),
        let step = Int.fromDatabaseValue(row["step"]),
        let values = String.fromDatabaseValue(row["metrics"]).flatMap(numbers)
      else {
        unread += 1
        continue
      }
      if runs[id] == nil {
        order.append(id)
        runs[id] = LoggedRun(id: Self.id(of: id, in: path), name: name)
      }
      runs[id]?.add(values, step: step, time: Double.fromDatabaseValue(row["time"]) ?? 0)
    }
    for row in try Row.fetchAll(database, sql: "SELECT \(key) AS run, config FROM configs") {
      guard let id = String.fromDatabaseValue(row["run"]) else { continue }
      // What is no text is left out.
      runs[id]?.config = String.fromDatabaseValue(row["config"])
    }
    return (order.compactMap { runs[$0]?.counted() }, unread)
  }

  /// The numbers of a row by name, those of what is nested with a point between.
  private static func numbers(_ json: String) -> [String: Double]? {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    func logged(_ json: String) -> Logged? {
      try? decoder.decode(Logged.self, from: Data(json.utf8))
    }
    // A bare NaN is no JSON; Python writes it all the same.
    let found =
      logged(json)
      ?? logged(json.replacing(/([:\[,]\s*)(NaN|-?Infinity)\b/) { "\($0.1)\"\($0.2)\"" })
    guard case .group = found else { return nil }
    return found?.numbers(under: "")
  }

  private enum Logged: Decodable {
    case number(Double), group([String: Logged]), other

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else {
        self = (try? container.decode([String: Logged].self)).map { .group($0) } ?? .other
      }
    }

    func numbers(under name: String) -> [String: Double] {
      switch self {
      case .number(let value): [name: value]
      case .group(let members):
        members.reduce(into: [:]) { all, member in
          let key = name.isEmpty ? member.key : "\(name).\(member.key)"
          all.merge(member.value.numbers(under: key)) { $1 }
        }
      case .other: [:]
      }
    }
  }

  /// Trackio's own id shortened, or of older files one that the run's name always comes to: what is
  /// taken over twice is there once.
  private static func id(of run: String, in path: String) -> String {
    let digits = run.lowercased()
    if digits.count >= 16, digits.allSatisfy(\.isHexDigit) { return String(digits.prefix(16)) }
    return ArchivedRun.id(
      of: URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent, run)
  }

  // MARK: into an archive

  /// Puts the runs into an archive; one that is there already and has gone on is taken anew.
  /// - Returns: how many there were.
  /// - Throws: `KeelError` where the archive cannot be written.
  public func merge(into history: History) throws -> Int {
    let known = Dictionary(uniqueKeysWithValues: try history.runs().map { ($0.id, $0.seen) })
    let new = runs.filter { known[$0.id] != $0.ended }
    for run in new { try history.write { try write(run, $0) } }
    return new.count
  }

  private func write(_ logged: LoggedRun, _ database: Database) throws {
    let project = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    let names = logged.series.keys.sorted()
    // Under the names that Keel has for them.
    let ours = MetricName.allCases.reduce(into: [String: String]()) { ours, metric in
      if let name = metric.match(in: names) { ours[name] = metric.rawValue }
    }
    let taken = Set(ours.values)
    let loss = ours.first { $0.value == MetricName.loss.rawValue }?.key
    let losses = (loss.flatMap { logged.series[$0]?.last } ?? [:]).sorted { $0.key < $1.key }
    let run = ArchivedRun(
      ofLog: logged.id, named: logged.name, in: project, by: "trackio",
      lasting: logged.began...logged.ended, steps: logged.newest + 1,
      loss: losses.last.map { Double($0.value) },
      explosion: losses.reversed().prefix { !$0.value.isFinite }.last?.key, body: logged.config)
    try database.execute(sql: "DELETE FROM run WHERE id = ?", arguments: [run.id])
    try run.insert(database)
    for (place, name) in names.enumerated() {
      try database.execute(
        sql: "INSERT INTO series(run, name, place) VALUES (?, ?, ?)",
        arguments: [
          run.id, ours[name] ?? (taken.contains(name) ? name + " (logged)" : name), place,
        ])
      let id = database.lastInsertedRowID
      for (segment, values) in (logged.series[name] ?? []).enumerated() {
        try write(values, as: id, segment, database)
      }
    }
  }

  /// A value stands until the next one that was logged.
  private func write(
    _ values: [Int: Float], as series: Int64, _ segment: Int, _ database: Database
  ) throws {
    guard let first = values.keys.min(), let last = values.keys.max() else { return }
    var pyramid = Pyramid(from: first, isThinned: false)
    var chunks: [Pyramid.Chunk] = []
    var value = Float.nan
    pyramid.append(
      (first...last).map { step in
        value = values[step] ?? value
        return value
      }, filling: &chunks)
    for chunk in chunks + pyramid.takeOpen() {
      try RunWriter.insert(chunk, chunk.data, of: series, segment, database)
    }
  }
}
