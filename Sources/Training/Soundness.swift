// Which states of a run are worth going back to.

extension Trainer {
  /// Good losses that a level is the median of: fewer tell nothing, as in `Window`.
  private static let width = Window.least

  /// How far above the lowest level a sound state may be: as far as a loss may rise before it is called
  /// an alarm.
  private static let edge = 5.0

  /// The usual loss just before a step: the median of the last 16 good ones; that of the untrained
  /// network where there are none.
  package func level(before step: Int) -> Double {
    var recent: [Float] = []
    var index = min(step, trace.count) - 1
    while index >= 0, recent.count < Self.width {
      if !trace.wasSkipped(index) { recent.append(trace.losses[index]) }
      index -= 1
    }
    // A loss that is not finite is far above all others.
    let sorted = recent.map { $0.isNaN ? .infinity : $0 }.sorted()
    return sorted.isEmpty ? baseline.scale : Double(sorted[sorted.count / 2])
  }

  /// Snapshots to go back to from a step, the newest first: every number is finite, and the loss had
  /// not left yet what it was at the older ones.
  package func soundSnapshots(before step: Int) -> [Snapshot] {
    var lowest = Double.infinity
    var sound: [Snapshot] = []
    for snapshot in snapshots.all where snapshot.step <= step && snapshot.isFinite {
      let level = level(before: snapshot.step)
      lowest = min(lowest, level)
      if level <= Self.edge * lowest, sound.last?.step != snapshot.step { sound.append(snapshot) }
    }
    return sound.reversed()
  }

  /// Whether the run as it stands is worth keeping: no alarm, and its loss is where it was.
  package var isSound: Bool {
    let lowest = snapshots.recent.map { level(before: $0) }.min() ?? .infinity
    return divergence.above == nil && level(before: step) <= Self.edge * lowest
  }
}

extension Snapshot {
  fileprivate var isFinite: Bool { values.allSatisfy(\.isFinite) }
}
