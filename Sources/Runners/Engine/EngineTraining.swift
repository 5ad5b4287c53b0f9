import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelTraining

/// A training that an engine makes, as far as it has come.
///
/// It goes on from the state that the engine has kept of it; where it has kept none, from the
/// start.
final class EngineTraining: TrainingSession {
  let problem: Problem
  private(set) var total: Int
  let stepsPerEpoch: Int
  private(set) var trace: Trace
  private(set) var divergence: Divergence
  private(set) var explosion: Explosion?
  private(set) var vanishingSteps = 0
  /// Not known of another's network.
  let multiplyAdds = Double.infinity
  let floats = 0

  private let runner: any EngineRunner
  private let changes: [EngineChange]
  /// The loss of its first step.
  private var initialLoss = Double.nan
  private var constantLoss: Double?
  private var score: Double?
  /// Whether no loss was below zero.
  private var hasFloor = true
  /// What was told of the layers in the newest step, and whether anything ever was.
  private var layers: (newest: [String: LayerMeasures], areTold: Bool) = ([:], false)
  /// Losses below this are zero but for rounding.
  private static let nothing = 1e-6
  /// What the engine keeps of it, and the step that comes next.
  private var snapshot: (name: String, step: Int)? {
    didSet {
      if let oldValue, oldValue.name != snapshot?.name { runner.drop(oldValue.name) }
    }
  }
  private var spent = (steps: 0, time: Duration.zero)

  /// A trial alike another is repeated for so many steps, to see whether it comes out the same.
  private static let repeated = 10

  init(_ problem: Problem, by runner: any EngineRunner) throws {
    let own = try runner.problem(seed: problem.recipe.seed).recipe
    changes = try EngineChange.all(from: own, to: problem.recipe, runner.description)
    (self.problem, self.runner) = (problem, runner)
    total = problem.steps
    let batch = max(1, problem.recipe.training.batch)
    stepsPerEpoch = max(1, problem.rows.train.count / batch)
    constantLoss =
      problem.recipe.standardize.includesTargets ? nil : runner.description.constantLoss
    trace = Trace(names: runner.description.layers.map(\.name), total: total)
    divergence = Divergence(scale: .nan, batch: batch, total: total)
  }

  deinit {
    if let snapshot { runner.drop(snapshot.name) }
  }

  /// Without the loss of a constant it is the least L₀ of all trials: the loss of a network that
  /// knows nothing.
  var baseline: Baseline {
    let initialLoss = steadyLoss ?? initialLoss
    let isOnScale = runner.isInOwnUnits(problem.recipe)
    let least = isOnScale ? runner.facts.leastInitialLoss(with: initialLoss) : initialLoss
    return Baseline(
      constant: constantLoss ?? least, initial: initialLoss, hasFloor: hasFloor)
  }

  func isPassedOver(_ step: Int) -> Bool { trace.wasSkipped(step) }

  // MARK: training

  func train(
    steps: Int, isCancelled: () -> Bool, observe: (Run.Step) -> Void
  ) throws -> Training {
    let goal = min(total, steps < total ? step + steps : total)
    if !isOver, step < goal {
      let (begin, first) = (ContinuousClock.now, step)
      defer {
        spent.time += ContinuousClock.now - begin
        spent.steps += step - first
      }
      do {
        try advance(to: goal, isCancelled, observe)
      } catch let error as KeelError {
        // Once more, from where nothing of it is left.
        guard runner.canRestart, error.kind != .missing else { throw error }
        forget()
        do {
          try advance(to: goal, isCancelled, observe)
        } catch let error as KeelError {
          runner.facts.note(failure: error)
          throw error
        }
      } catch is CancellationError {
        return training(isStopped: true, metric: nil, spent: spent)
      }
      if first == 0, changes.isEmpty {
        // Neither changes what the other reads.
        _ = try SideBySide.map(2, places: min(2, runner.places)) { place, isCancelled in
          try place == 0 ? repeatStart(isCancelled) : lookAtReference(isCancelled)
        }
      }
    }
    let isKnown = verdict != .exploding
    let value = score ?? skill
    let metric =
      isKnown ? Metric(name: score == nil ? "skill" : "score", train: value, test: nil) : nil
    return training(isStopped: !isOver, metric: metric, spent: spent)
  }

  private func advance(
    to goal: Int, _ isCancelled: () -> Bool, _ observe: (Run.Step) -> Void
  ) throws {
    while !isOver, step < goal {
      if let snapshot, snapshot.step != step { self.snapshot = nil }
      let seen = trace.losses
      if snapshot == nil { forget() }
      let ending = try runner.make(
        EngineTrial(
          seed: problem.recipe.seed, start: snapshot?.name ?? runner.start, steps: goal - step,
          total: total,
          changes: changes, kept: goal < total ? [runner.firstStep + goal - 1] : []),
        isCancelled: isCancelled
      ) { answer in
        // Of what is not finite an engine says next what was first; one that goes on is stopped.
        guard explosion == nil else { return false }
        try take(answer)
        compare(seen)
        observe(
          Run.Step(trace, tellsLayers: layers.areTold, layers.newest, total: total))
        return explosion?.kind != .divergence
      }
      if ending.kind != .refused { snapshot = snapshot?.step == step ? snapshot : nil }
      do {
        try end(ending, before: goal)
      } catch let fault as EngineTrial.Fault {
        throw runner.invalid(fault.what)
      }
    }
  }

  /// Everything that was seen: the next trial begins at the start.
  private func forget() {
    trace = Trace(names: trace.layers, total: total)
    divergence = Divergence(scale: .nan, batch: problem.recipe.training.batch, total: total)
    (explosion, snapshot, score, vanishingSteps) = (nil, nil, nil, 0)
    (initialLoss, hasFloor) = (.nan, true)
  }

  /// One step's answer.
  private func take(_ answer: JSONValue) throws {
    let next = runner.firstStep + step
    guard let index = answer["step"]?.number, index == Double(next) else {
      throw EngineTrial.Fault(what: "'step' is not \(next), which comes next")
    }
    guard let loss = answer["loss"]?.number else {
      throw EngineTrial.Fault(what: "'loss' is missing, or no number")
    }
    let norm = try number("gradientNorm", in: answer) ?? .nan
    let rate =
      try number("learningRate", in: answer)
      ?? recipe.schedule.member.learningRate(
        recipe.optimizer.member.learningRate, at: step, of: total)
    let layers = try measures(answer)
    self.layers = (layers, self.layers.areTold || !layers.isEmpty)
    trace.record(loss: loss, learningRate: rate, gradientNorm: norm, layers: layers)
    constantLoss = try finite("constantLoss", in: answer) ?? constantLoss
    if let name = answer["snapshot"]?.string { snapshot = (name, step) }
    // A loss scale that is too large at first leaves out the first steps.
    if loss.isFinite, initialLoss.isNaN || (loss < 0 && hasFloor) {
      // One that is next to nothing says nothing of what comes.
      if initialLoss.isNaN, abs(loss) > Self.nothing { initialLoss = loss }
      hasFloor = hasFloor && loss >= 0
      divergence = Divergence(
        scale: baseline.scale, from: baseline.floor, batch: problem.recipe.training.batch,
        total: total)
    }
    if answer["skipped"] == .bool(true) {
      trace.passOver()
      return lookForDivergence()
    }
    guard loss.isFinite else {
      explosion = Explosion(
        step: step - 1, place: "loss", pass: .forward, kind: .nonFinite,
        origin: loss.isNaN ? .invalid : .overflow)
      return
    }
    if norm == 0 || isFirstWithoutGradient(layers) { vanishingSteps += 1 }
    lookForDivergence()
  }

  private func lookForDivergence() {
    guard
      case .divergence = divergence.look(
        at: trace.losses, step: step - 1, without: trace.wasSkipped)
    else { return }
    let passed = trace.lastTakenStep(through: divergence.above ?? step - 1)
    explosion = Explosion(
      step: passed, place: trace.mostMovedLayer(at: passed), pass: .update, kind: .divergence,
      origin: nil)
  }

  /// The mean loss of the first epoch, or the first twentieth of the run, where it does not move:
  /// the first loss alone is that of one small batch.
  ///
  /// Nil where its halves differ by more than chance has them, the first lies outside of the rest,
  /// or no more than that was told.
  private var steadyLoss: Double? {
    let half = min(stepsPerEpoch, total / 20) / 2
    guard half >= 4, trace.count >= 4 * half else { return nil }
    let losses = trace.losses.prefix(2 * half).map(Double.init)
    guard losses.allSatisfy(\.isFinite) else { return nil }
    let rest = losses.dropFirst().sorted()
    guard let least = rest.first, let largest = rest.last,
      losses[0] <= largest + (largest - least)
    else { return nil }
    func moments(_ part: ArraySlice<Double>) -> (mean: Double, variance: Double) {
      let mean = part.reduce(0, +) / Double(half)
      return (mean, part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(half - 1))
    }
    let (a, b) = (moments(losses.prefix(half)), moments(losses.suffix(half)))
    // Two standard errors: one difference in twenty is larger by chance.
    guard abs(a.mean - b.mean) <= 2 * ((a.variance + b.variance) / Double(half)).squareRoot() else {
      return nil
    }
    return (a.mean + b.mean) / 2
  }

  private func number(_ key: String, in answer: JSONValue) throws -> Double? {
    guard let value = answer[key] else { return nil }
    guard let number = value.number else {
      throw EngineTrial.Fault(what: "'\(key)' is no number")
    }
    return number
  }

  /// One that is not finite is none.
  private func finite(_ key: String, in answer: JSONValue) throws -> Double? {
    try number(key, in: answer).flatMap { $0.isFinite ? $0 : nil }
  }

  private func measures(_ answer: JSONValue) throws -> [String: LayerMeasures] {
    guard case .object(let layers) = answer["layers"] else { return [:] }
    return try layers.mapValues { layer in
      LayerMeasures(
        gradientNorm: try number("gradient", in: layer) ?? .nan,
        updateNorm: try number("update", in: layer) ?? .nan,
        weightNorm: try number("weight", in: layer) ?? .nan)
    }
  }

  /// Its gradient is less than 1e-3 of the last layer's.
  private func isFirstWithoutGradient(_ layers: [String: LayerMeasures]) -> Bool {
    guard trace.layers.count > 1, let first = layers[trace.layers[0]],
      let last = layers[trace.layers[trace.layers.count - 1]]
    else { return false }
    return first.gradientNorm < 1e-3 * last.gradientNorm
  }

  private func end(_ ending: EngineTrial.Ending, before goal: Int) throws {
    score = try number("score", in: ending.answer) ?? score
    constantLoss = try finite("constantLoss", in: ending.answer) ?? constantLoss
    if changes.isEmpty {
      runner.facts.note(try Operations(ending.answer["operations"], EngineTrial.Fault.init))
    }
    switch ending.kind {
    case .refused where snapshot != nil:
      // It has forgotten the state: the next attempt begins at the start.
      snapshot = nil
    case .refused:
      throw KeelError(
        .invalid, at: runner.name,
        "refuses '\(ending.answer["change"]?.string ?? "a trial")'",
        fix: "leave it out: the search goes on without")
    case .nonFinite:
      let first = ending.answer["first"]
      let pass = first?["pass"]?.string.flatMap(Explosion.Pass.init) ?? .forward
      let isInvalid = first?["kind"]?.string == "invalid"
      explosion = Explosion(
        step: explosion?.step ?? max(0, step - 1),
        place: first?["module"]?.string ?? explosion?.place ?? "loss", pass: pass,
        kind: .nonFinite, origin: isInvalid ? .invalid : explosion?.origin ?? .overflow,
        operation: first?["operation"]?.string)
    case .ok, .stopped:
      guard explosion == nil, step < goal else { return }
      // Its rows, or its program, have come to their end.
      guard step > 0 else {
        throw KeelError(
          .invalid, at: runner.name, "has ended a trial without a step",
          fix: "print a line with step and loss for every step")
      }
      total = step
      // Of a run that is shorter than the average the whole run is one.
      guard step < divergence.width else { return }
      divergence = Divergence(
        scale: baseline.scale, from: baseline.floor, batch: problem.recipe.training.batch,
        total: total)
      _ = divergence.look(at: trace.losses, step: step - 1, without: trace.wasSkipped)
    }
  }

  // MARK: what else is asked of the training itself

  /// What a sound one begins with: a loss that fell from a height of its own making is no skill.
  private func lookAtReference(_ isCancelled: () -> Bool) throws {
    guard explosion == nil, let changes = runner.referenceChanges else { return }
    _ = try? runner.make(
      EngineTrial(
        seed: problem.recipe.seed, start: runner.start, steps: 1, total: total, changes: changes,
        kept: []), isCancelled: isCancelled
    ) { answer in
      _ = runner.facts.leastInitialLoss(with: answer["loss"]?.number ?? .nan)
      return false
    }
  }

  private func repeatStart(_ isCancelled: () -> Bool) throws {
    let seen = trace.losses
    var again: [Float] = []
    _ = try? runner.make(
      EngineTrial(
        seed: problem.recipe.seed, start: runner.start, steps: min(Self.repeated, seen.count),
        total: total, changes: [], kept: []), isCancelled: isCancelled
    ) { answer in
      again.append(Float(answer["loss"]?.number ?? .nan))
      return true
    }
    for (one, other) in zip(seen, again) { note(one, other) }
  }

  /// Holds the newest step against an earlier trial alike.
  private func compare(_ seen: [Float]) {
    if step <= seen.count { note(seen[step - 1], trace.losses[step - 1]) }
  }

  private func note(_ one: Float, _ other: Float) {
    guard one.isFinite, other.isFinite else { return }
    let spread = abs(Double(one) - Double(other)) / max(abs(Double(one)), 1e-12)
    // Sums in another order differ so much.
    if spread > 1e-3 { runner.facts.note(spread: spread) }
  }
}
