import GRDB
import KeelAuthoring

/// One number of a run over its steps, as far as a reader wants to see it.
public struct Series: Hashable, Sendable {
  /// What it is: `loss`, `gradient-norm`.
  public let name: String
  /// The layer it is of; empty where it is of the whole.
  public let layer: String
  /// Its stretches: another begins where the run went back.
  public let segments: [Segment]

  /// Steps that follow each other.
  public struct Segment: Hashable, Sendable {
    /// Which stretch of the run it is, counted from 0.
    public let number: Int
    /// The step it begins at.
    public let first: Int
    /// Steps that one value stands for; the last may stand for fewer.
    public let stride: Int
    /// The least of each value's steps; the value itself where that is one step.
    public let least: [Float]
    /// The mean of each; not finite where one of its steps is not.
    public let mean: [Float]
    /// The largest of each.
    public let largest: [Float]
  }

  /// The largest values along the line that the run ended on: where it went back, what was lost is
  /// left out.
  public var path: [Float] { points.map(\.value) }

  /// The same, each with its step.
  var points: [(step: Int, value: Float)] {
    segments.reduce(into: []) { path, segment in
      path.removeAll { $0.step >= segment.first }
      path += segment.largest.enumerated().map { (segment.first + $0 * segment.stride, $1) }
    }
  }
}

extension History {
  /// The series that a run has, whole ones first, then layer by layer from the input.
  public func seriesNames(of run: String) throws -> [(name: String, layer: String)] {
    try read { database in
      try Row.fetchAll(
        database,
        sql: "SELECT name, layer FROM series WHERE run = ? ORDER BY layer <> '', place, name",
        arguments: [run]
      ).map { ($0["name"], $0["layer"]) }
    }
  }

  /// A series, in no more values than wanted.
  /// - Parameters:
  ///   - layer: empty for one of the whole.
  ///   - most: values of a segment; where there are more steps, each value is a bin of 8ⁿ.
  /// - Returns: nil where the run has none of that name.
  /// - Throws: `KeelError` where the archive cannot be read.
  public func series(
    _ name: String, layer: String = "", of run: String, atMost most: Int = .max
  ) throws -> Series? {
    try read { database in
      guard
        let id = try Int64.fetchOne(
          database, sql: "SELECT id FROM series WHERE run = ? AND name = ? AND layer = ?",
          arguments: [run, name, layer])
      else { return nil }
      let numbers = try Int.fetchAll(
        database, sql: "SELECT DISTINCT segment FROM chunk WHERE series = ? ORDER BY segment",
        arguments: [id])
      return Series(
        name: name, layer: layer,
        segments: try numbers.compactMap { try segment($0, of: id, most, run, database) })
    }
  }

  private func segment(
    _ number: Int, of series: Int64, _ most: Int, _ run: String, _ database: Database
  ) throws -> Series.Segment? {
    let counts = try Row.fetchAll(
      database,
      sql:
        "SELECT level, sum(count) AS count, max(first) - min(first) AS reach, count(*) AS chunks "
        + "FROM chunk WHERE series = ? AND segment = ? GROUP BY level ORDER BY level",
      arguments: [series, number])
    // A level with a hole is none to read; the coarsest there is where all have too many.
    let whole = try counts.filter { row in
      let level: Int = row["level"]
      guard (0...Pyramid.top).contains(level) else { throw damaged(run) }
      let chunks: Int = row["chunks"]
      return row["reach"] == (chunks - 1) * Pyramid.width * Pyramid.steps(ofLevel: level)
    }
    guard let level: Int = (whole.first { $0["count"] <= most } ?? whole.last)?["level"] else {
      return nil
    }
    var (least, mean, largest): ([Float], [Float], [Float]) = ([], [], [])
    var first: Int?
    for row in try Row.fetchAll(
      database,
      sql: "SELECT first, count, data FROM chunk WHERE series = ? AND segment = ? AND level = ? "
        + "ORDER BY first",
      arguments: [series, number, level])
    {
      let values = try values(row, level: level, run)
      first = try first ?? begin(row, run)
      guard level > 0 else {
        mean += values
        continue
      }
      for bin in stride(from: 0, to: values.count, by: 3) {
        least.append(values[bin])
        mean.append(values[bin + 1])
        largest.append(values[bin + 2])
      }
    }
    return Series.Segment(
      number: number, first: first ?? 0, stride: Pyramid.steps(ofLevel: level),
      least: level > 0 ? least : mean, mean: mean, largest: level > 0 ? largest : mean)
  }

  /// The single steps of a series that are on record, by segment and step.
  /// - Throws: `KeelError` where the archive cannot be read.
  public func steps(
    _ name: String, layer: String = "", of run: String
  ) throws -> [Int: [Int: Float]] {
    try read { database in
      var steps: [Int: [Int: Float]] = [:]
      for row in try Row.fetchAll(
        database,
        sql:
          "SELECT segment, first, count, data FROM chunk JOIN series ON series.id = chunk.series "
          + "WHERE run = ? AND name = ? AND layer = ? AND level = 0",
        arguments: [run, name, layer])
      {
        let first = try begin(row, run)
        for (place, value) in try values(row, level: 0, run).enumerated() {
          steps[row["segment"], default: [:]][first + place] = value
        }
      }
      return steps
    }
  }

  /// The single steps of the line that a run ended on: of what it came to again, the last.
  /// - Throws: `KeelError` where the archive cannot be read.
  public func lastSteps(_ name: String, layer: String = "", of run: String) throws -> [Int: Float] {
    try steps(name, layer: layer, of: run).sorted { $0.key < $1.key }
      .reduce(into: [:]) { values, segment in
        let first = segment.value.keys.min() ?? 0
        values = values.filter { $0.key < first }.merging(segment.value) { $1 }
      }
  }

  private func values(_ row: Row, level: Int, _ run: String) throws -> [Float] {
    guard let values = Pyramid.Chunk.values(row["data"], count: row["count"], level: level) else {
      throw damaged(run)
    }
    return values
  }

  /// The step that a chunk begins at.
  private func begin(_ row: Row, _ run: String) throws -> Int {
    guard let first = Int.fromDatabaseValue(row["first"]), (0...1 << 53).contains(first) else {
      throw damaged(run)
    }
    return first
  }

  private func damaged(_ run: String) -> KeelError {
    KeelError(
      .invalid, at: path, "a chunk of the numbers of run \(shown(run, limit: 40)) is damaged",
      fix: "forget the run with: keel runs delete \(shown(run, limit: 40))")
  }
}
