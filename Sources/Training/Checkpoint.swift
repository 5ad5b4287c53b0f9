import KeelEngine
import KeelRecipes

/// A run as it stood before a step: the network, and all it takes to go on as if nothing had been.
///
/// It holds what a snapshot holds, the trace, which everything else is a function of, and what healing
/// has done so far. Gone on from on the same machine with the same number of threads, a run is bit for
/// bit the one that never stopped. `CheckpointFile` writes and reads it.
public struct Checkpoint: Sendable {
  /// The network, and the recipe in effect.
  public let network: Network
  /// Nil for a network alone, which can predict but not go on.
  package let progress: Progress?
  /// What the optimizer remembers and the trace's series; see `tensors`.
  let series: [Network.Tensor]

  /// Everything but tensors that a run consists of.
  package struct Progress: Hashable, Codable, Sendable {
    /// The next step.
    var step: Int
    var updates: Int
    var tally: Tally
    /// What the run began with.
    var start: Recipe
    /// Of the rows it was trained on.
    var data: String
    /// Steps whose batches are passed over.
    var skipped: [Int]
    /// Rows that are left out of every batch.
    var excluded: [Int32]
    var recoveries: [Training.Recovery]
    var events: [Trace.Event]
    /// Steps between two rows of measures.
    var stride: Int
    /// Rows of measures.
    var rows: Int
  }

  /// A network alone, without its training.
  public init(_ network: Network) { self.init(network, nil, series: []) }

  private init(_ network: Network, _ progress: Progress?, series: [Network.Tensor]) {
    (self.network, self.progress, self.series) = (network, progress, series)
  }

  /// The next step; nil for a network alone.
  public var step: Int? { progress?.step }

  /// What the run began with; `network.recipe` is the one in effect.
  public var start: Recipe { progress?.start ?? network.recipe }

  public var recoveries: [Training.Recovery] { progress?.recoveries ?? [] }

  /// All numbers by name: parameters and layer statistics as in `network`, what the optimizer
  /// remembers of them (`adam.first-moment/dense-1.weight`), and the trace (`trace.loss`).
  package var tensors: [Network.Tensor] { network.tensors + series }

  /// Whether a tensor is not the network's but the training's.
  package static func isSeries(_ name: String) -> Bool {
    name.contains("/") || name.hasPrefix("trace.")
  }

  /// Puts together what was read.
  /// - Throws: `KeelError` that names each tensor that is missing, of another shape, or unknown.
  package init(_ network: Network, _ progress: Progress, tensors: [Network.Tensor]) throws {
    let places = try Self.places(network, progress)
    let series = try places.matched(
      with: tensors, in: "its training", fix: "use a file as it was written by 'keel train --save'")
    self.init(network, progress, series: series)
  }

  /// What `series` consists of, in its order.
  private static func places(_ network: Network, _ progress: Progress) throws -> [TensorPlace] {
    let plan = try network.recipe.plan(row: network.input, capacity: 1)
    guard progress.step >= 0, progress.stride >= 1, progress.rows >= 0 else {
      throw KeelError(
        .invalid, at: "checkpoint", "counts its steps in a way that no training does",
        fix: "use a file as it was written by 'keel train --save'")
    }
    let nowhere = plan.parameters[0].buffer
    return plan.slotTensors(of: network.recipe.optimizer)
      + Trace.seriesNames.map { .init(name: $0, shape: Shape(progress.step), buffer: nowhere) } + [
        .init(
          name: Trace.measuresName,
          shape: Shape(progress.rows, ProbeCatalog.standard.probes.count, plan.layers.count),
          buffer: nowhere)
      ]
  }
}

extension Plan {
  /// What an optimizer remembers of each parameter.
  fileprivate func slotTensors(of optimizer: Choice<Optimizers>) -> [TensorPlace] {
    optimizer.member.initialSlots.enumerated().flatMap { index, slot in
      parameters.map {
        TensorPlace(
          name: "\(optimizer.name).\(slot.key)/\($0.name)", shape: $0.shape,
          buffer: self.slot(index, of: $0))
      }
    }
  }
}

extension TensorPlace {
  /// - Parameter base: where the arena begins, or a copy of its lasting part.
  func tensor(in base: UnsafePointer<Float>, _ plan: Plan) -> Network.Tensor {
    let values = UnsafeBufferPointer(start: base + plan.place(of: buffer), count: buffer.count)
    return Network.Tensor(name: name, shape: shape, values: Array(values))
  }
}

// MARK: taking one, and going on from it

extension Trainer {
  /// The run as it stands; after an explosion as it stood at its last sound snapshot.
  package func checkpoint() throws -> Checkpoint {
    let lost = explosion ?? (isOver ? lateDivergence(verdict) : nil)
    let sound = lost.flatMap { soundSnapshots(before: $0.step).first }
    return try checkpoint(of: sound ?? snapshot())
  }

  private func checkpoint(of snapshot: Snapshot) throws -> Checkpoint {
    let plan = stepper.plan
    var past = Trace(trace)
    var series: [Network.Tensor] = []
    past.truncate(to: snapshot.step)
    let network = try snapshot.values.withUnsafeBufferPointer { values in
      series = plan.slotTensors(of: recipe.optimizer).map {
        $0.tensor(in: values.baseAddress!, plan)
      }
      return try self.network(in: values.baseAddress!)
    }
    return try Checkpoint(
      network,
      .init(
        step: snapshot.step, updates: snapshot.updates, tally: snapshot.tally, start: start,
        data: dataChecksum, skipped: batches.skippedSteps, excluded: batches.excludedRows,
        recoveries: recoveries,
        events: past.events, stride: past.stride, rows: past.rows),
      tensors: series + past.tensors)
  }

  /// Goes on from a checkpoint.
  /// - Parameters:
  ///   - recipe: the one it was taken under, so that its files are found and its name counts; it may
  ///     train longer.
  ///   - examples: rows to use in place of the recipe's data, where the run had been given some.
  /// - Throws: `KeelError` where recipe or data are not those of the checkpoint.
  package convenience init(
    resuming checkpoint: Checkpoint, as recipe: Recipe? = nil, examples: Examples? = nil
  ) throws {
    guard let progress = checkpoint.progress else {
      throw KeelError(
        .invalid, at: "checkpoint", "holds a network, but not how its training stood",
        fix: "use a file written by 'keel train --save'")
    }
    try self.init(try checkpoint.recipe(toGoOnAs: recipe), examples: examples)
    guard progress.data == dataChecksum else {
      throw KeelError(
        .invalid, at: "data", "are not the rows that the checkpoint was trained on",
        fix: "bring those back, or train from the start")
    }
    try checkLength(progress, as: checkpoint.network.recipe)
    start = progress.start.going(as: recipe)
    recoveries = progress.recoveries
    for step in progress.skipped { batches.skip(step) }
    batches.exclude(progress.excluded)
    var history = Trace(trace)
    history.fill(from: checkpoint.series, events: progress.events, stride: progress.stride)
    let snapshot = snapshot(of: checkpoint, progress)
    rewind(to: snapshot, history: history)
    snapshots.pin(snapshot)
  }

  /// A longer or shorter training is the same one where the steps taken so far would have been.
  private func checkLength(_ progress: Checkpoint.Progress, as before: Recipe) throws {
    let total = try Batches(before, rows: parts.train.count).total
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
    let plan = stepper.plan
    var snapshot = Snapshot(floats: plan.persistentFloats)
    (snapshot.step, snapshot.updates) = (progress.step, progress.updates)
    snapshot.tally = progress.tally
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
  /// The recipe in effect, as far as a run may go on under the one that is asked for: name and length
  /// may be others.
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
