import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings

/// A training in progress: draws batches, takes steps, watches, remembers, goes back.
///
/// `Run` is the same thing on a thread of its own; trials use it directly.
package final class Trainer {
  package let problem: Problem
  package let data: PreparedData
  package let trainingStep: TrainingStep
  package var batches: Batches
  let adaptive: AdaptiveState
  var tally = Tally()
  package internal(set) var monitor: Monitor
  package internal(set) var record: RunRecord
  package internal(set) var snapshots: SnapshotRing
  /// What a run that was taken up again would begin with; nil for any other, which has it among its
  /// snapshots for as long as it may be needed.
  var beginning: Snapshot?

  /// - Parameter keepsSnapshots: false for a trial, which never goes back: it then needs a tenth of
  ///   the memory.
  /// - Throws: `KeelError` where recipe and rows do not fit, or the memory would not do.
  package init(_ problem: Problem, keepsSnapshots: Bool = true) throws {
    if let engine = problem.engine {
      throw KeelError(
        .invalid, at: "problem", "is a training of \(engine.name), which Keel cannot run itself",
        fix: "ask for a diagnosis or a cure of it: problem.diagnosis(), problem.cure()")
    }
    try checkUnique(problem.probes.probes.map { ($0.name, $0) }, "probe")
    let (recipe, rows) = (problem.recipe, problem.rows)
    var batches = try Batches(recipe, rows: rows.train.count)
    let plan = try recipe.plan(row: rows.train.shape, capacity: batches.size)
    try Self.checkStatistics(plan, rows: batches.size)
    self.problem = problem
    data = try PreparedData(rows, recipe: recipe, output: plan.output.shape)
    trainingStep = try TrainingStep(recipe, plan: plan)
    try trainingStep.fitToData(data)
    try trainingStep.begin(with: problem)
    try Room.check(
      (keepsSnapshots ? SnapshotRing.bytes(floats: plan.persistentFloats) : 0)
        + Trace.bytes(
          layers: plan.layers.count, probes: problem.probes.probes.count,
          total: batches.total), for: "what a run remembers")
    record = RunRecord(
      start: recipe,
      Trace(layers: plan.layers, probes: problem.probes.probes, total: batches.total))
    snapshots =
      keepsSnapshots
      ? SnapshotRing(
        floats: plan.persistentFloats,
        work: 6 * Double(plan.count(.parameters)) * Double(batches.size)) : .none
    let baseline = Baseline(trainingStep, data, &batches, loss: recipe.loss.member)
    monitor = Monitor(baseline, batches)
    adaptive = AdaptiveState(
      recipe, batches,
      screen: recipe.training.badSteps == .skip
        ? OutlierScreen(trainingStep, total: batches.total) { [trainingStep, data] step in
          batches.withRows(at: step) {
            data.train.gather($0, trainingStep.plan, trainingStep.memory)
          }
          return trainingStep.pass(
            rows: batches.count(at: step), mode: .training, position: step)
        } : nil)
    self.batches = batches
  }

  /// Of one vector a batch has no statistics: its normalisation gives the same whatever comes in.
  private static func checkStatistics(_ plan: Plan, rows: Int) throws {
    let norm = plan.operations.first {
      $0.layer.hasPrefix("\(BatchNorm.name)-") && $0.output.shape.leading * rows == 1
    }
    guard let norm else { return }
    throw KeelError(
      .invalid, at: norm.layer,
      "a batch of one row has no variance, and every output would be the same",
      fix: "use a training.batch of at least 2, or layer-norm in its place")
  }

  package var baseline: Baseline { monitor.baseline }
  package var trace: Trace { record.trace }
  package var explosion: Explosion? { record.explosion }

  /// Takes one step, in which nothing is allocated.
  package func advance() {
    takeStep()
    guard recipe.training.badSteps == .skip, explosion == nil, step == batches.total,
      record.trace.wasSkipped(step - 1)
    else { return }
    tryOnAGoodBatch()
  }

  private func takeStep() {
    let step = self.step
    if step % snapshots.interval == 0 {
      snapshots.take(trainingStep.memory, step: step, tally: tally)
    }
    guard !batches.isSkipped(step) else { return pass(over: step) }
    let rows = batches.withRows(at: step) { rows in
      data.train.gather(rows, trainingStep.plan, trainingStep.memory)
      return rows.count
    }
    guard rows > 0 else { return pass(over: step) }
    let pass = trainingStep.pass(rows: rows, mode: .training, position: step)
    let result = trainingStep.take(pass, step: step, count: tally.updates + 1, adaptive)
    record.trace.record(result)
    switch result.ending {
    case .updated:
      record.trace.record(trainingStep.layers)
      tally.updates += 1
      tally.consecutiveSkips = 0
      watch()
    case .rejected: skip()
    case .nonFinite(.forward): fail(step, .forward) { trainingStep.firstNonFiniteForward(pass) }
    case .nonFinite(.backward): fail(step, .backward) { trainingStep.firstNonFiniteBackward(pass) }
    case .nonFinite(.update):
      record.trace.record(trainingStep.layers)
      tally.updates += 1
      let first = trainingStep.firstNonFiniteUpdate(pass)
      explode(step, .update, .nonFinite, first.place, first.origin)
    }
  }

  /// The newest step's pass: its batch is in memory until the next.
  package var newestPass: Pass {
    let step = max(0, trace.count - 1)
    return trainingStep.pass(
      rows: batches.withRows(at: step) { $0.count }, mode: .training, position: step)
  }

  /// A step whose batch is known to be bad.
  private func pass(over step: Int) {
    record.trace.record(loss: .nan, learningRate: adaptive.learningRate(at: step))
    record.trace.recordSkip()
    adaptive.skip(step)
    judge(monitor.lookAtLoss(of: record.trace))
  }

  /// Gives their memory back; nothing can go back any more.
  package func forgetSnapshots() { snapshots = .none }

  // MARK: what becomes of a step

  private func watch() {
    let seen = monitor.look(at: record.trace, trainingStep.layers)
    if monitor.isWithoutGradient { tally.vanishing += 1 }
    if let surge = seen.surge { record.trace.record(.surge, value: surge) }
    judge(seen.loss)
  }

  private func judge(_ loss: Divergence.Finding) {
    switch loss {
    case .none: break
    case .alarm:
      // Of the newest step is the event; the loss that is too large is of the last one taken.
      let step = record.trace.lastTakenStep(through: step - 1)
      record.trace.record(.divergence, value: Double(record.trace.losses[step]))
      snapshots.pin(before: step)
    case .divergence:
      let passed = record.trace.lastTakenStep(
        through: monitor.divergence.above.required("it diverges since a step"))
      explode(passed, .update, .divergence, record.trace.mostMovedLayer(at: passed), nil)
    }
  }

  /// A non-finite step: skipped where the recipe says so, until every batch has been tried with the
  /// same parameters; otherwise the end.
  private func fail(_ step: Int, _ pass: Explosion.Pass, _ locate: () -> FirstNonFinite) {
    if recipe.training.badSteps == .skip {
      skip()
      guard explosion == nil else { return }
      let isHopeless = tally.consecutiveSkips >= max(10, batches.stepsPerEpoch)
      let isLast = step + 1 == batches.total && record.trace.skipped == batches.total
      if !isHopeless, !isLast { return }
    }
    let found = locate()
    explode(step, pass, .nonFinite, found.place, found.origin)
  }

  /// A run that ends among skipped steps: tries its parameters on the batch of the last step that
  /// was taken, which was good before that.
  private func tryOnAGoodBatch() {
    let good = record.trace.lastTakenStep(through: step - 1)
    guard !record.trace.wasSkipped(good) else { return }
    let rows = batches.withRows(at: good) { rows in
      data.train.gather(rows, trainingStep.plan, trainingStep.memory)
      return rows.count
    }
    // Left out since then.
    guard rows > 0 else { return }
    let pass = trainingStep.pass(rows: rows, mode: .training, position: good)
    let (loss, isFinite) = trainingStep.forward(pass)
    if !isFinite {
      let found = trainingStep.firstNonFiniteForward(pass)
      explode(good + 1, .forward, .nonFinite, found.place, found.origin)
    } else if !trainingStep.backward(pass) {
      let found = trainingStep.firstNonFiniteBackward(pass)
      explode(good + 1, .backward, .nonFinite, found.place, found.origin)
    } else if loss > Divergence.limit * baseline.scale {
      explode(good, .update, .divergence, record.trace.mostMovedLayer(at: good), nil)
    }
  }

  private func skip() {
    tally.consecutiveSkips += 1
    record.trace.recordSkip()
    judge(monitor.lookAtLoss(of: record.trace))
  }

  private func explode(
    _ step: Int, _ pass: Explosion.Pass, _ kind: Explosion.Kind, _ place: String,
    _ origin: NonFiniteOrigin?
  ) {
    snapshots.pin(before: step)
    record.explosion = Explosion(step: step, place: place, pass: pass, kind: kind, origin: origin)
    // The network goes back to its last good state; trace and explosion stay to be read.
    goBack(from: step)
  }

  /// A run that ended above the edge and learnt nothing is taken back as one that exploded is.
  package func takeBackIfLost() {
    guard isOver, record.explosion == nil, let lost = lateDivergence(verdict) else { return }
    goBack(from: lost.step)
  }

  /// The numbers of the last sound state; where none is, of the last that is finite.
  private func goBack(from step: Int) {
    guard
      let good = soundSnapshots(before: step).first
        ?? snapshots.all.last(where: { $0.step <= step && $0.isFinite })
    else { return }
    good.restore(trainingStep.memory)
    record.rewoundTo = good.step
  }
}
