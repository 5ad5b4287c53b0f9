import KeelAuthoring
import KeelLogs

extension History {
  /// A run's numbers as a log of it would have them: evidence without experiments.
  /// - Throws: `KeelError` where the archive cannot be read.
  package func log(of run: ArchivedRun) throws -> TrainingLog {
    var log = TrainingLog(.archive, run.id)
    for (name, layer) in try seriesNames(of: run.id)
    where layer.isEmpty || name == GradientNorm.name {
      let series = try series(name, layer: layer, of: run.id, atMost: Self.logged)
      let logged = layer.isEmpty ? name : "grad/\(layer)"
      for (step, value) in series?.points ?? [] { log.add(Double(value), logged, at: step) }
    }
    return log
  }

  /// Values of a series that a log keeps whole.
  private static let logged = 1 << 14
}
