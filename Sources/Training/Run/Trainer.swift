import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes

/// A training in progress: draws batches, takes steps, watches, remembers, goes back.
///
/// `Run` is the same thing on a thread of its own; trials use it directly.
package final class Trainer {
  package let problem: Problem
  /// What the run began with; healing may have changed `recipe` since.
  package internal(set) var start: Recipe
  package let data: PreparedData
  package let trainingStep: TrainingStep
  package let baseline: Baseline
  package internal(set) var trace: Trace
  package internal(set) var explosion: Explosion?
  /// The step whose state the network has after an explosion.
  package internal(set) var rewoundTo: Int?
  /// Each time the run went back and on, the first one first.
  package var recoveries: [Training.Recovery] = []
  package internal(set) var snapshots: SnapshotRing
  package var batches: Batches
  /// Called with the batch in memory, before the forward pass: how tests bring in a fault from
  /// outside the recipe.
  package var disturb: ((Int, TrainingStep) -> Void)?
  let adaptive: AdaptiveState
  var updates = 0
  var tally = Tally()
  var window = Window()
  /// Nil where bad steps end the run.
  var screen: OutlierScreen?
  var divergence: Divergence
  /// What all calls of `train` took together.
  var spent = (steps: 0, time: Duration.zero)

  /// A gradient norm this many robust deviations above the window is a surge.
  ///
  /// On the 45 healthy runs of the shared cases and the tests' recipes nothing but real spikes (× 4
  /// and more) reaches it.
  package static let surge = 10.0

  package var recipe: Recipe { problem.recipe }

  /// - Parameter keepsSnapshots: false for a trial, which never goes back: it then needs a tenth of
  ///   the memory.
  /// - Throws: `KeelError` where recipe and rows do not fit, or the memory would not do.
  package init(_ problem: Problem, keepsSnapshots: Bool = true) throws {
    let (recipe, rows) = (problem.recipe, problem.rows)
    var batches = try Batches(recipe, rows: rows.train.count)
    let plan = try recipe.plan(row: rows.train.shape, capacity: batches.size)
    try Self.checkStatistics(plan, rows: batches.size)
    self.problem = problem
    start = recipe
    data = try PreparedData(rows, recipe: recipe, output: plan.output.shape)
    trainingStep = try TrainingStep(recipe, plan: plan)
    try trainingStep.fitToData(data)
    adaptive = AdaptiveState(recipe, batches)
    try Room.check(
      (keepsSnapshots ? SnapshotRing.bytes(floats: plan.persistentFloats) : 0)
        + Trace.bytes(
          layers: plan.layers.count, probes: ProbeCatalog.standard.probes.count,
          total: batches.total), for: "what a run remembers")
    trace = Trace(layers: plan.layers, probes: ProbeCatalog.standard.probes, total: batches.total)
    snapshots =
      keepsSnapshots
      ? SnapshotRing(
        floats: plan.persistentFloats,
        work: 6 * Double(plan.count(.parameters)) * Double(batches.size)) : .none
    baseline = Baseline(trainingStep, data, &batches, loss: recipe.loss.member)
    if recipe.training.badSteps == .skip {
      screen = OutlierScreen(opening: Self.openingNorms(trainingStep, data, &batches))
    }
    self.batches = batches
    divergence = Divergence(scale: baseline.scale, batch: batches.size, total: batches.total)
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

  /// The next step; as many as are done.
  package var step: Int { trace.count }

  /// Whether there is nothing left to do.
  package var isOver: Bool { explosion != nil || step >= batches.total }

  /// Takes one step, in which nothing is allocated.
  package func advance() {
    let step = self.step
    if step % snapshots.interval == 0 {
      snapshots.take(trainingStep.memory, step: step, updates: updates, tally: tally)
    }
    let rate = adaptive.learningRate(at: step)
    guard !batches.isSkipped(step) else { return pass(over: step, learningRate: rate) }
    let rows = batches.withRows(at: step) { rows in
      data.train.gather(rows, trainingStep.plan, trainingStep.memory)
      return rows.count
    }
    guard rows > 0 else { return pass(over: step, learningRate: rate) }
    let pass = trainingStep.pass(rows: rows, mode: .training, position: step)
    disturb?(step, trainingStep)

    let (loss, isFinite) = trainingStep.forward(pass)
    trace.record(loss: loss, learningRate: rate)
    guard isFinite else { return fail(step, .forward) { trainingStep.firstNonFiniteForward(pass) } }

    let isBackwardFinite = trainingStep.backward(pass)
    let norm = trainingStep.gradients.globalNorm
    trace.record(gradientNorm: norm)
    guard isBackwardFinite else {
      return fail(step, .backward) { trainingStep.firstNonFiniteBackward(pass) }
    }
    // As the trace keeps it, so that a rewound run sees the same.
    if screen?.rejects(Double(trace.gradientNorms[step])) ?? false { return skip(step) }

    trainingStep.clip(adaptive)
    trace.record(clippedNorm: trainingStep.gradients.globalNorm)
    updates += 1
    let isUpdateFinite = trainingStep.update(pass, count: updates, learningRate: rate)
    trace.record(trainingStep.layerSums)
    guard isUpdateFinite else {
      let first = trainingStep.firstNonFiniteUpdate(pass)
      return explode(step, .update, .nonFinite, first.place, first.origin)
    }
    tally.consecutiveSkips = 0
    watch(step, loss: loss)
  }

  /// A step whose batch is known to be bad.
  private func pass(over step: Int, learningRate: Double) {
    trace.record(loss: .nan, learningRate: learningRate)
    trace.recordSkip()
    adaptive.skip(step)
  }

  /// Whether no gradient reached the first layer in the last step that was taken.
  package private(set) var isWithoutGradient = false

  /// Steps in which no gradient reached the first layer.
  package var vanishingSteps: Int { tally.vanishing }

  /// The step in which the averaged loss first passed 5·max(B, L₀), if it ever did.
  package var divergenceStep: Int? { divergence.firstPassed }

  // MARK: watching

  private func watch(_ step: Int, loss: Double) {
    let sums = trainingStep.layerSums
    let (first, last) = (sums[0].gradient, sums[sums.count - 1].gradient)
    // As the trace keeps it, so that a rewound run sees the same.
    let norm = Double(trace.gradientNorms[step])
    isWithoutGradient = norm == 0 || (sums.count > 1 && first < 1e-6 * last)
    if isWithoutGradient { tally.vanishing += 1 }
    let score = window.score(norm)
    if score > Self.surge { trace.record(.surge, value: score) }
    window.admit(norm)
    adaptive.admit(step, loss: trace.losses[step], norm: trace.gradientNorms[step])
    switch divergence.look(at: trace.losses, step: step, without: trace.wasSkipped) {
    case .none: break
    case .alarm:
      trace.record(.divergence, value: loss)
      snapshots.pin(before: step)
    case .divergence:
      let passed = divergence.above.required("it diverges since a step")
      explode(passed, .update, .divergence, trace.mostMovedLayer(at: passed), nil)
    }
  }

  /// A non-finite step: skipped where the recipe says so, until every batch has been tried with the
  /// same parameters; otherwise the end.
  private func fail(_ step: Int, _ pass: Explosion.Pass, _ locate: () -> FirstNonFinite) {
    if recipe.training.badSteps == .skip {
      skip(step)
      let isHopeless = tally.consecutiveSkips >= max(10, batches.stepsPerEpoch)
      let isLast = step + 1 == batches.total && trace.skipped == batches.total
      if !isHopeless, !isLast { return }
    }
    let found = locate()
    explode(step, pass, .nonFinite, found.place, found.origin)
  }

  private func skip(_ step: Int) {
    tally.consecutiveSkips += 1
    trace.recordSkip()
    adaptive.skip(step)
  }

  private func explode(
    _ step: Int, _ pass: Explosion.Pass, _ kind: Explosion.Kind, _ place: String,
    _ origin: NonFiniteOrigin?
  ) {
    snapshots.pin(before: step)
    explosion = Explosion(step: step, place: place, pass: pass, kind: kind, origin: origin)
    // The network goes back to its last good state; trace and explosion stay to be read.
    goBack(from: step)
  }

  /// A run that ended above the edge and learnt nothing is taken back as one that exploded is.
  package func takeBackIfLost() {
    guard isOver, explosion == nil, let lost = lateDivergence(verdict) else { return }
    goBack(from: lost.step)
  }

  /// The numbers of the last sound state; where none is, of the last that is finite.
  private func goBack(from step: Int) {
    guard
      let good = soundSnapshots(before: step).first
        ?? snapshots.all.last(where: { $0.step <= step && $0.isFinite })
    else { return }
    good.restore(trainingStep.memory)
    rewoundTo = good.step
  }
}
