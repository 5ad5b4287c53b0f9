import KeelData
import KeelEngine
import KeelRecipes

// Taking a checkpoint of a run, and going on from one.

extension Trainer {
  /// The run as it stands; after an explosion as it stood at its last sound snapshot.
  /// - Throws: `KeelError` after an explosion where none is sound.
  package func checkpoint() throws -> Checkpoint {
    guard let lost = explosion ?? (isOver ? lateDivergence(verdict) : nil) else {
      return try checkpoint(of: snapshot())
    }
    guard let sound = soundSnapshots(before: lost.step).first else {
      throw KeelError(
        .invalid, at: "checkpoint", "no state before the explosion was sound",
        fix: "go on from an older checkpoint, or train from the start")
    }
    return try checkpoint(of: sound)
  }

  /// The run as it stood at a snapshot of it.
  func checkpoint(of snapshot: Snapshot) throws -> Checkpoint {
    let plan = trainingStep.plan
    // As tensors, and as the bytes of a file.
    try Room.check(
      2 * 4 * (plan.persistentFloats + trace.measures.count + 4 * step), for: "a copy of the run")
    var past = Trace(trace)
    var series: [Tensor] = []
    past.truncate(to: snapshot.step)
    let network = try snapshot.values.withUnsafeBufferPointer { values in
      guard let values = values.baseAddress else { preconditionFailure("a snapshot has values") }
      series = plan.slotTensors(of: recipe.optimizer).map { $0.tensor(in: values, plan) }
      return try self.network(in: values)
    }
    return try Checkpoint(
      network,
      .init(
        step: snapshot.step, updates: snapshot.tally.updates, tally: snapshot.tally,
        start: record.start,
        data: problem.checksum, skipped: batches.skippedSteps, excluded: batches.excludedRows,
        recoveries: record.recoveries,
        events: past.events,
        probes: problem.probes.names == ProbeCatalog.standard.names ? nil : problem.probes.names,
        stride: past.stride, rows: past.rows),
      tensors: series + past.tensors)
  }

  /// Goes on from a checkpoint.
  /// - Parameter problem: what the run began with, so that its rows are there and its name counts;
  ///   it may train longer. Nil where the recipe names its rows.
  /// - Throws: `KeelError` where recipe or rows are not those of the checkpoint.
  package convenience init(resuming checkpoint: Checkpoint, of problem: Problem? = nil) throws {
    guard let progress = checkpoint.progress else {
      throw KeelError(
        .invalid, at: "checkpoint", "holds a network, but not how its training stood",
        fix: "use a file written by 'keel train --save'")
    }
    let recipe = try checkpoint.recipe(toGoOnAs: problem?.recipe)
    try self.init(try problem?.with(recipe) ?? Problem(recipe))
    guard progress.data == self.problem.checksum else {
      throw KeelError(
        .invalid, at: "data", "are not the rows that the checkpoint was trained on",
        fix: "bring those back, or train from the start")
    }
    guard progress.probeNames == self.problem.probes.names else {
      throw KeelError(
        .invalid, at: "checkpoint",
        "was measured by other probes: \(progress.probeNames.joined(separator: ", "))",
        fix: "give the problem the same ones: problem.probes = .standard + [MyProbe.self]")
    }
    try check(checkpoint, progress)
    try checkLength(progress, as: checkpoint.network.recipe)
    record.start = progress.start.going(as: problem?.recipe)
    record.recoveries = progress.recoveries
    for step in progress.skipped { batches.skip(step) }
    batches.exclude(progress.excluded)
    var history = Trace(trace)
    history.fill(
      from: Trace.Series(checkpoint.series), events: progress.events, stride: progress.stride)
    let snapshot = snapshot(of: checkpoint, progress)
    beginning = self.snapshot()
    rewind(to: snapshot, history: history)
    snapshots.pin(snapshot)
  }

  /// The numbers of the rows are the same; what they are called must be, too, and what is kept of
  /// the run must be of a run over these rows.
  private func check(_ checkpoint: Checkpoint, _ progress: Checkpoint.Progress) throws {
    let network = checkpoint.network
    func differs(_ what: String, _ before: [String]?, _ now: [String]?) -> KeelError? {
      guard before != now, let before, let now else { return nil }
      let pairs = zip(before, now).filter { $0 != $1 }.prefix(3).map { "'\($0)' is now '\($1)'" }
      return KeelError(
        .invalid, at: "data", "\(what) have other names: \(pairs.joined(separator: ", "))",
        fix: "bring those of the checkpoint back, or train from the start")
    }
    if let error = differs("the input columns", network.columns, data.columns)
      ?? differs("the targets", network.targets.names, data.targets.names)
    {
      throw error
    }
    let rows = data.train.count
    guard progress.excluded.count < rows, progress.excluded.allSatisfy({ $0 < rows }) else {
      throw KeelError(
        .invalid, at: "progress.excluded",
        "leaves out rows that are not there, or all \(rows)",
        fix: "use a file as it was written by 'keel train --save'")
    }
    // What the optimizer remembers of a parameter has its name behind a slash.
    let slots = checkpoint.series.filter { $0.name.contains("/") }
    if let tensor = network.lostTensor
      ?? slots.first(where: { !$0.values.allSatisfy(\.isFinite) })
    {
      throw KeelError(
        .invalid, at: "checkpoint", "\(tensor.name) holds a number that no training leaves there",
        fix: "go on from an older checkpoint, or train from the start")
    }
  }

  /// A longer or shorter training is the same one where the steps taken so far would have been.
  private func checkLength(_ progress: Checkpoint.Progress, as before: Recipe) throws {
    let total = try Batches(before, rows: problem.rows.train.count).total
    guard progress.step <= batches.total else {
      throw KeelError(
        .invalid, at: "training",
        "ends after \(batches.total) steps; the checkpoint has taken \(progress.step)",
        fix: "train for more epochs, or from the start")
    }
    let schedule = recipe.schedule.member
    let isSame = (0..<(total == batches.total ? 0 : progress.step)).allSatisfy {
      schedule.learningRate(1, at: $0, of: total)
        == schedule.learningRate(1, at: $0, of: batches.total)
    }
    guard isSame else {
      throw KeelError(
        .invalid, at: "training",
        "\(batches.total) steps in place of \(total) would have given the steps already taken "
          + "other learning rates (\(recipe.schedule.name))",
        fix: "keep the length, or train from the start")
    }
  }

  private func snapshot(of checkpoint: Checkpoint, _ progress: Checkpoint.Progress) -> Snapshot {
    let plan = trainingStep.plan
    var snapshot = Snapshot(floats: plan.persistentFloats)
    (snapshot.step, snapshot.tally) = (progress.step, progress.tally)
    snapshot.tally.updates = progress.updates
    let places = plan.networkTensors + plan.slotTensors(of: recipe.optimizer)
    // The trace's series come last.
    for (place, tensor) in zip(places, checkpoint.tensors) {
      let first = plan.place(of: place.buffer)
      snapshot.values.replaceSubrange(first..<first + tensor.values.count, with: tensor.values)
    }
    return snapshot
  }
}

extension Checkpoint {
  /// The recipe in effect, as far as a run may go on under the one that is asked for: name and
  /// length may be others.
  fileprivate func recipe(toGoOnAs asked: Recipe?) throws -> Recipe {
    let same = network.recipe.going(as: asked)
    guard let asked, asked != same else { return same }
    let changes = asked.diff(from: start.going(as: asked)).map { change in
      "\(change.path) \(change.from?.brief().line ?? "none") → "
        + "\(change.to?.brief().line ?? "none")"
    }
    guard !changes.isEmpty else { return same }
    throw KeelError(
      .invalid, at: "checkpoint",
      (["belongs to another recipe: " + changes.joined(separator: ", ")] + shapes(under: asked))
        .joined(separator: "; "),
      fix: "go on with the recipe it was begun with, or train from the start")
  }

  /// Tensors that another recipe's network has in another shape, or not at all.
  private func shapes(under recipe: Recipe) -> [String] {
    guard let plan = try? recipe.plan(row: network.input, capacity: 1) else { return [] }
    do {
      _ = try plan.networkTensors.matched(
        with: network.tensors, in: "this recipe's network", fix: "")
      return []
    } catch let error as KeelError {
      return ["\(error.place) \(error.what)"]
    } catch {
      return []
    }
  }
}

extension Recipe {
  /// The same recipe, called, placed and lasting as another.
  fileprivate func going(as other: Recipe?) -> Recipe {
    guard let other else { return self }
    var recipe = self
    (recipe.name, recipe.folder) = (other.name, other.folder)
    recipe.training.epochs = other.training.epochs
    recipe.training.maxSteps = other.training.maxSteps
    return recipe
  }
}
