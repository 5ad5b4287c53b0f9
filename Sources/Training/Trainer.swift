import Foundation
import KeelEngine
import KeelRecipes

/// A training in progress: draws batches, takes steps, watches, remembers, goes back.
///
/// `Run` is the same thing on a thread of its own; trials use it directly.
package final class Trainer {
  package let recipe: Recipe
  /// The rows as they were read, for trials of other recipes.
  package let parts: Parts
  package let data: PreparedData
  package let stepper: Stepper
  package let baseline: Baseline
  package private(set) var trace: Trace
  package private(set) var explosion: Explosion?
  /// The step whose state the network has after an explosion.
  package private(set) var rewoundTo: Int?
  package private(set) var snapshots: SnapshotRing
  package private(set) var batches: Batches
  private let past: Past
  private var updates = 0
  private var tally = Tally()
  private var window = Window()
  /// Nil where bad steps end the run.
  private var screen: OutlierScreen?
  private var divergence: Divergence

  /// A gradient norm this many robust deviations above the window is a surge. On the 45 healthy runs
  /// of the shared cases and the tests' recipes nothing but real spikes (× 4 and more) reaches it.
  package static let surge = 10.0

  /// - Parameter examples: rows to use in place of the recipe's data.
  /// - Throws: `KeelError` where recipe and data do not fit, or the memory would not do.
  package convenience init(_ recipe: Recipe, examples: Examples? = nil) throws {
    let parts =
      try examples.map { Parts(train: $0, test: nil) }
      ?? recipe.data.member.load(from: recipe.folder.path, seed: recipe.seed)
    try self.init(recipe, parts: parts)
  }

  /// - Parameter keepsSnapshots: false for a trial, which never goes back: it then needs a tenth of the
  ///   memory.
  package init(_ recipe: Recipe, parts: Parts, keepsSnapshots: Bool = true) throws {
    var batches = try Batches(recipe, rows: parts.train.count)
    let plan = try recipe.plan(row: parts.train.shape, capacity: batches.size)
    self.recipe = recipe
    self.parts = parts
    data = try PreparedData(parts, recipe: recipe, output: plan.output.shape)
    stepper = try Stepper(recipe, plan: plan)
    try stepper.fitToData(data)
    past = Past(recipe, batches)
    trace = Trace(layers: plan.layers, probes: ProbeCatalog.standard.probes, total: batches.total)
    snapshots =
      keepsSnapshots
      ? SnapshotRing(
        floats: plan.persistentFloats,
        work: 6 * Double(plan.count(.parameters)) * Double(batches.size)) : .none
    baseline = Baseline(stepper, data, &batches, loss: recipe.loss.member)
    if recipe.training.badSteps == .skip {
      screen = OutlierScreen(opening: Self.openingNorms(stepper, data, &batches))
    }
    self.batches = batches
    divergence = Divergence(scale: baseline.scale, batch: batches.size, total: batches.total)
  }

  /// The next step; as many as are done.
  package var step: Int { trace.count }

  /// Whether there is nothing left to do.
  package var isOver: Bool { explosion != nil || step >= batches.total }

  /// Takes one step. Nothing is allocated in it.
  package func advance() {
    let step = self.step
    if step % snapshots.interval == 0 {
      snapshots.take(stepper.memory, step: step, updates: updates, tally: tally)
    }
    batches.withRows(at: step) { data.train.gather($0, stepper.plan, stepper.memory) }
    let pass = stepper.pass(rows: batches.count(at: step), mode: .training, position: step)
    let rate = past.learningRate(at: step)

    let (loss, isFinite) = stepper.forward(pass)
    trace.record(loss: loss, learningRate: rate)
    guard isFinite else { return fail(step, .forward) { stepper.forwardOffender(pass) } }

    let isBackwardFinite = stepper.backward(pass)
    let norm = stepper.gradients.globalNorm
    trace.record(gradientNorm: norm)
    guard isBackwardFinite else { return fail(step, .backward) { stepper.backwardOffender(pass) } }
    // As the trace keeps it, so that a rewound run sees the same.
    if screen?.rejects(Double(Float(norm))) ?? false { return skip(step) }

    stepper.clip(past)
    trace.record(clippedNorm: stepper.gradients.globalNorm)
    updates += 1
    let isUpdateFinite = stepper.update(pass, count: updates, learningRate: rate)
    trace.record(stepper.layerSums)
    guard isUpdateFinite else {
      let offender = stepper.updateOffender(pass)
      return explode(step, .update, .nonFinite, offender.place, offender.origin)
    }
    tally.consecutiveSkips = 0
    watch(step, loss: loss, norm: norm)
  }

  /// Steps in which no gradient reached the first layer.
  package var vanishingSteps: Int { tally.vanishing }

  /// The step in which the averaged loss first passed 5·max(B, L₀), if it ever did.
  package var divergenceStep: Int? { divergence.firstPassed }

  // MARK: watching

  private func watch(_ step: Int, loss: Double, norm: Double) {
    let sums = stepper.layerSums
    let (first, last) = (sums[0].gradient, sums[sums.count - 1].gradient)
    if norm == 0 || (sums.count > 1 && first < 1e-6 * last) { tally.vanishing += 1 }
    // As the trace keeps it, so that a rewound run sees the same.
    let recorded = Double(Float(norm))
    let score = window.score(recorded)
    if score > Self.surge { trace.record(.surge, value: score) }
    window.admit(recorded)
    past.admit(step, loss: trace.losses[step], norm: trace.gradientNorms[step])
    switch divergence.look(at: trace.losses, step: step, without: trace.wasSkipped) {
    case .none: break
    case .alarm:
      trace.record(.divergence, value: loss)
      snapshots.pin(before: step)
    case .divergence:
      let passed = divergence.above!
      explode(passed, .update, .divergence, trace.mostMovedLayer(at: passed), nil)
    }
  }

  /// A non-finite step: skipped where the recipe says so, until every batch has been tried with the
  /// same parameters; otherwise the end.
  private func fail(_ step: Int, _ pass: Explosion.Pass, _ offender: () -> Offender) {
    if recipe.training.badSteps == .skip {
      skip(step)
      let isHopeless = tally.consecutiveSkips >= max(10, batches.stepsPerEpoch)
      let isLast = step + 1 == batches.total && trace.skipped == batches.total
      if !isHopeless, !isLast { return }
    }
    let found = offender()
    explode(step, pass, .nonFinite, found.place, found.origin)
  }

  private func skip(_ step: Int) {
    tally.consecutiveSkips += 1
    trace.recordSkip()
    past.skip(step)
  }

  private func explode(
    _ step: Int, _ pass: Explosion.Pass, _ kind: Explosion.Kind, _ place: String,
    _ origin: NonFiniteOrigin?
  ) {
    snapshots.pin(before: step)
    explosion = Explosion(step: step, place: place, pass: pass, kind: kind, origin: origin)
    // The network goes back to its last good state; trace and explosion stay to be read.
    if let good = snapshots.newest(before: step) {
      good.restore(stepper.memory)
      rewoundTo = good.step
    }
  }

  // MARK: going back

  /// A copy of everything that changes, as it stands now.
  package func snapshot() -> Snapshot {
    var snapshot = Snapshot(floats: stepper.plan.persistentFloats)
    snapshot.take(stepper.memory, step: step, updates: updates, tally: tally)
    return snapshot
  }

  /// Whether a snapshot fits the network and lies behind the run.
  package func canRewind(to snapshot: Snapshot) -> Bool {
    (0...step).contains(snapshot.step) && canGoOn(from: snapshot)
  }

  /// Whether a snapshot of another run fits this network and optimizer.
  package func canGoOn(from snapshot: Snapshot) -> Bool {
    snapshot.values.count == stepper.plan.persistentFloats
  }

  /// Goes back to a snapshot of this run. What follows is bit for bit what would have followed then.
  /// - Parameter history: the trace of another run with the same network and optimizer, to go on from
  ///   a snapshot of that one.
  package func rewind(to snapshot: Snapshot, history: Trace? = nil) {
    precondition(canGoOn(from: snapshot), "a snapshot of another network")
    snapshot.restore(stepper.memory)
    (updates, tally) = (snapshot.updates, snapshot.tally)
    if let history { trace = history }
    trace.truncate(to: snapshot.step)
    (explosion, rewoundTo) = (nil, nil)
    snapshots.forget(after: snapshot.step)
    past.recall(trace, before: snapshot.step)
    window = Window()
    screen?.reset()
    divergence = Divergence(scale: baseline.scale, batch: batches.size, total: batches.total)
    for step in 0..<trace.count {
      let norm = Double(trace.gradientNorms[step])
      if norm.isFinite { _ = screen?.rejects(norm) }
      guard !trace.wasSkipped(step) else { continue }
      window.admit(norm)
      _ = divergence.look(at: trace.losses, step: step, without: trace.wasSkipped)
    }
  }
}
