import GRDB
import KeelAuthoring
import KeelLogs

extension History {
  /// A run's numbers as a log of it would have them: evidence without experiments.
  /// - Throws: `KeelError` where the archive cannot be read.
  package func log(of run: ArchivedRun) throws -> TrainingLog {
    var log = TrainingLog(.archive, run.id)
    for (name, layer) in try seriesNames(of: run.id)
    where layer.isEmpty || name == GradientNorm.name {
      guard let series = try series(name, layer: layer, of: run.id, atMost: Self.logged) else {
        continue
      }
      // Where it went back, what was lost is left out.
      var path: [(step: Int, value: Float)] = []
      for segment in series.segments {
        path.removeAll { $0.step >= segment.first }
        path += segment.largest.enumerated().map { (segment.first + $0 * segment.stride, $1) }
      }
      let logged = layer.isEmpty ? name : "grad/\(layer)"
      for (step, value) in path { log.add(Double(value), logged, at: step) }
    }
    return log
  }

  /// Values of a series that a log keeps whole.
  private static let logged = 1 << 14

  /// What is another once one of the runs, or of those about them, has gone on; of all where nil.
  /// - Parameter ids: their beginnings.
  /// - Throws: `KeelError` where the archive cannot be read.
  package func version(of ids: [String]?) throws -> String {
    // What begins so is less than that and a letter which no id has.
    let own = "id BETWEEN ? AND ? || 'g' OR parent BETWEEN ? AND ? || 'g'"
    let filter = ids.map { " WHERE " + $0.map { _ in "(\(own))" }.joined(separator: " OR ") } ?? ""
    let row = try read {
      try Row.fetchOne(
        $0, sql: "SELECT count(*), max(seen), count(ended) FROM run\(filter)",
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
}
