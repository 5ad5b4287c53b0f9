// Which states of a run are worth going back to.

extension Trainer {
  /// Good losses that a level is the median of: fewer tell nothing, as in `Window`.
  private static let width = Window.least

  /// How far above the lowest level a sound state may be: as far as a loss may rise before it is
  /// called an alarm.
  private static let edge = 5.0

  /// Losses below this share of what it began with are alike: it is 0.02 of the skill, and scores
  /// that differ by less are taken for equal in the search for a cure too.
  ///
  /// Near 0 the noise of one row is many times the usual loss.
  private static let share = 0.02

  /// The loss under which all are alike; 0 where there is nothing to hold it against.
  ///
  /// The first losses count as well as max(B, L₀): one bad row makes that as large as it likes.
  package var lossFloor: Double {
    let start = min(baseline.scale, level(before: Self.width))
    return start.isFinite ? Self.share * start : 0
  }

  /// The usual loss just before a step: the median of the last 16 good ones; that of the untrained
  /// network where there are none.
  package func level(before step: Int) -> Double {
    recentLosses(before: step).median ?? baseline.scale
  }

  /// The last 16 good ones; one that is not a number is far above all others.
  private func recentLosses(before step: Int) -> [Double] {
    var recent: [Double] = []
    var index = min(step, trace.count) - 1
    while index >= 0, recent.count < Self.width {
      let loss = Double(trace.losses[index])
      if !trace.wasSkipped(index) { recent.append(loss.isNaN ? .infinity : loss) }
      index -= 1
    }
    return recent
  }

  /// Snapshots to go back to from a step, the newest first: every number is finite, the loss had
  /// not left yet what it was at the older ones, and the step taken from there shows that the last
  /// update had not thrown the weights away.
  package func soundSnapshots(before step: Int) -> [Snapshot] {
    settled(before: step).filter { isProven($0.step, updates: $0.tally.updates) }
  }

  /// Snapshots to go on from: those that are sound; where none is, those of which only that last
  /// proof is missing.
  ///
  /// The step itself may be what is bad. A loss that left before a checkpoint may be seen to have
  /// left only after it: of a run that was taken up again the beginning is then all that is sound.
  package func startingPoints(before step: Int) -> [Snapshot] {
    let sound = soundSnapshots(before: step)
    if !sound.isEmpty { return sound }
    let settled = settled(before: step)
    return settled.isEmpty ? [beginning].compactMap { $0 } : settled
  }

  private func settled(before step: Int) -> [Snapshot] {
    var lowest = Double.infinity
    var found: [Snapshot] = []
    for snapshot in snapshots.all where snapshot.step <= step && snapshot.isFinite {
      let level = level(before: snapshot.step)
      lowest = min(lowest, level)
      if isUsual(level, beside: lowest), found.last?.step != snapshot.step {
        found.append(snapshot)
      }
    }
    return found.reversed()
  }

  private func isUsual(_ loss: Double, beside lowest: Double) -> Bool {
    loss <= max(Self.edge * lowest, lossFloor)
  }

  /// Whether the first good loss from a step on is as it was before: no more than the edge above
  /// the usual one, or one like it is among the last.
  ///
  /// Where no update was made yet, none can have done harm.
  /// - Parameter updates: those made before it.
  func isProven(_ step: Int, updates: Int) -> Bool {
    if updates == 0 { return true }
    guard let index = (step..<max(step, trace.count)).first(where: { !trace.wasSkipped($0) })
    else { return false }
    let loss = Double(trace.losses[index])
    let highest = recentLosses(before: step).max() ?? baseline.scale
    return loss.isFinite && (isUsual(loss, beside: level(before: step)) || loss <= highest)
  }

  /// Whether the run as it stands is worth keeping: no alarm, and its loss is where it was.
  package var isSound: Bool {
    let lowest = snapshots.recent.map { level(before: $0) }.min() ?? .infinity
    return monitor.divergence.above == nil && isUsual(level(before: step), beside: lowest)
  }
}

extension Snapshot {
  var isFinite: Bool { values.allSatisfy(\.isFinite) }
}
