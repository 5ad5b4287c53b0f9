import KeelEngine
import KeelRecipes

// Going back, and going on from there.

extension Trainer {
  /// A copy of everything that changes, as it stands now.
  package func snapshot() -> Snapshot {
    var snapshot = Snapshot(floats: trainingStep.plan.persistentFloats)
    snapshot.take(trainingStep.memory, step: step, tally: tally)
    return snapshot
  }

  /// Whether a snapshot fits the network and lies behind the run.
  package func canRewind(to snapshot: Snapshot) -> Bool {
    (0...step).contains(snapshot.step) && canGoOn(from: snapshot)
  }

  /// Whether a snapshot of another run fits this network and optimizer.
  package func canGoOn(from snapshot: Snapshot) -> Bool {
    snapshot.values.count == trainingStep.plan.persistentFloats
  }

  /// The same run under another recipe, from a snapshot of this one: parameters and layer
  /// statistics as they stood, and what the optimizer remembered, if it is still the same.
  /// - Throws: `KeelError` where the recipe does not fit the network.
  package func continued(under recipe: Recipe, from snapshot: Snapshot) throws -> Trainer {
    let other = try Trainer(problem.with(recipe))
    (other.record.start, other.record.recoveries) = (record.start, record.recoveries)
    other.trainingStep.disturb = trainingStep.disturb
    for step in batches.skippedSteps { other.batches.skip(step) }
    other.batches.exclude(batches.excludedRows)
    let isAlike = type(of: recipe.optimizer.member) == type(of: self.recipe.optimizer.member)
    if isAlike, other.canGoOn(from: snapshot) {
      other.snapshots = snapshots
      other.rewind(to: snapshot, history: record.trace)
    } else {
      let adapted = try other.adapted(snapshot, of: trainingStep.plan)
      other.rewind(to: adapted, history: record.trace)
      // The old ones do not fit: this is all there is to go back to.
      other.snapshots.pin(adapted)
    }
    return other
  }

  /// Puts down that the run exploded, went back and on.
  package func note(_ recovery: Training.Recovery) {
    record.recoveries.append(recovery)
    record.trace.recordRecovery(at: recovery.rewoundTo, from: recovery.step)
  }

  /// Counts the steps and the time of an attempt as this run's own.
  package func charge(_ other: Trainer) {
    record.spent.steps += other.record.spent.steps
    record.spent.time += other.record.spent.time
  }

  /// A snapshot of the same network under another optimizer, whose memory begins anew.
  private func adapted(_ snapshot: Snapshot, of plan: Plan) throws -> Snapshot {
    let own = trainingStep.plan
    guard own.count(.parameters) == plan.count(.parameters),
      own.count(.state) == plan.count(.state)
    else {
      throw KeelError(
        .broken, at: "recipe", "a running training cannot take over another network",
        fix: "this is a fault of Keel's; please report it")
    }
    var adapted = self.snapshot()
    (adapted.step, adapted.tally) = (snapshot.step, snapshot.tally)
    // The new optimizer has made no update yet.
    adapted.tally.updates = tally.updates
    let (parameters, state) = (plan.count(.parameters), plan.count(.state))
    adapted.values.replaceSubrange(..<parameters, with: snapshot.values[..<parameters])
    adapted.values.replaceSubrange(
      (adapted.values.count - state)..., with: snapshot.values[(snapshot.values.count - state)...])
    return adapted
  }

  /// Goes back to a snapshot of this run; what follows is bit for bit what would have followed
  /// then.
  /// - Parameter history: the trace of another run with the same network and optimizer, to go on
  ///   from a snapshot of that one.
  package func rewind(to snapshot: Snapshot, history: Trace? = nil) {
    precondition(canGoOn(from: snapshot), "a snapshot of another network")
    snapshot.restore(trainingStep.memory)
    tally = snapshot.tally
    if let history { record.trace.replace(with: history) }
    record.trace.truncate(to: snapshot.step)
    (record.explosion, record.rewoundTo) = (nil, nil)
    snapshots.forget(after: snapshot.step)
    adaptive.recall(record.trace, before: snapshot.step)
    monitor.recall(record.trace)
  }
}
