import KeelEngine
import KeelRecipes
import KeelSettings
import KeelTraining

/// One or more remedies on trial: the changed recipe, and its training as far as it has come.
///
/// The training of a trial that begins at step 0 is that of the cure: whoever wins goes on from
/// where the trial stopped.
package struct Candidate {
  let remedies: [any Remedy]
  let recipe: Recipe
  let treatments: [CaseHistory.Treatment]
  /// The recipe as it was, and after each of the remedies.
  let stages: [Recipe]
  package private(set) var session: any TrainingSession
  private(set) var training: Training
  /// Whether its training has come further than its rivals', and `training` is what it was where
  /// they are.
  private var isAhead = false
  /// Whether its training failed elsewhere than in its numbers.
  private var isLost = false
  /// The step at which it was first seen to hold.
  private(set) var heldAt: Int?
  /// The step its training began at: that of a snapshot, or 0.
  package private(set) var start: Int

  /// Whether the trial repeats the data more often than the recipe does.
  let isLengthened: Bool

  /// Applies remedies one after the other; nil where one changes nothing, or the result cannot be
  /// planned.
  /// - Parameters:
  ///   - seed: in place of the recipe's.
  ///   - control: the run that exploded; where all remedies are hot and the optimizer is the same,
  ///     the trial goes on from its last good snapshot.
  ///   - isFinal: as many steps as the recipe says, and no more: a trial has at least fifty.
  package init?(
    _ remedies: [any Remedy], on problem: Problem, seed: UInt64? = nil,
    from control: (any TrainingSession)? = nil, isFinal: Bool = false
  ) {
    var changed = problem
    var treatments: [CaseHistory.Treatment] = []
    var stages = [problem.recipe]
    for remedy in remedies {
      guard let recipe = remedy.applied(to: changed) else { return nil }
      treatments.append(
        .init(remedy: type(of: remedy).name, changes: recipe.diff(from: changed.recipe)))
      stages.append(recipe)
      changed = changed.with(recipe)
    }
    var recipe = changed.recipe
    recipe.seed = seed ?? recipe.seed
    let trial = isFinal ? recipe : recipe.lasting(Trial.least, rows: changed.rows.train.count)
    guard let session = try? changed.with(trial).session(),
      let untrained = try? session.train(steps: 0, isCancelled: { false }, observe: { _ in })
    else { return nil }
    isLengthened = trial != recipe
    self.remedies = remedies
    self.recipe = recipe
    self.treatments = treatments
    self.stages = stages
    self.session = session
    training = untrained
    start = Self.join(session, to: control, remedies)
    if start > 0 { training = (session as? Trainer)?.train(steps: 0) ?? untrained }
  }

  /// - Returns: the step the session then stands at.
  private static func join(
    _ session: any TrainingSession, to control: (any TrainingSession)?, _ remedies: [any Remedy]
  ) -> Int {
    guard let trainer = session as? Trainer, let control = control as? Trainer,
      let explosion = control.explosion,
      remedies.allSatisfy({ type(of: $0).isHot }),
      type(of: trainer.recipe.optimizer.member) == type(of: control.recipe.optimizer.member),
      // What another schedule has taught up to there is no merit of this one.
      trainer.recipe.schedule == control.recipe.schedule,
      let good = control.soundSnapshots(before: explosion.step).first, trainer.canGoOn(from: good)
    else { return 0 }
    trainer.rewind(to: good, history: control.trace)
    return good.step
  }

  /// Where the recipe differs from the one as it was.
  var changes: [Change] { recipe.diff(from: stages[0]) }

  /// Whether it changes some of what another changes, and nothing else.
  func changesLess(than other: Candidate) -> Bool {
    let (own, others) = (changes.map(\.path), other.changes.map(\.path))
    return own.count < others.count
      && own.allSatisfy { path in
        // Another rule for weights is some of a rule and what goes with it.
        others.contains {
          path == $0 || path.hasPrefix("\($0).") || path.hasPrefix("\($0)[")
            || (path == "initializer" && $0.hasPrefix("initializer."))
        }
      }
  }

  /// Takes the place of its training with one of the same recipe that has come further.
  /// - Parameter earlier: what that had come to before, for as long as this is not asked to go
  ///   beyond.
  mutating func goOn(from ahead: any TrainingSession, showing earlier: Training? = nil) throws {
    guard ahead.step > session.step else { return }
    (session, start, isAhead) = (ahead, 0, earlier != nil)
    training = try earlier ?? ahead.train(steps: 0, isCancelled: { false }, observe: { _ in })
  }

  /// Trains on up to a step.
  /// - Returns: how many steps that took.
  /// - Throws: `CancellationError`.
  mutating func advance(
    to step: Int, isCancelled: () -> Bool = { Task.isCancelled },
    observe: (Run.Step) -> Void = { _ in }
  ) throws -> Int {
    let before = session.step
    isAhead = isAhead && step <= training.steps
    do {
      if !isAhead {
        training = try session.train(
          steps: max(0, step - before), isCancelled: isCancelled, observe: observe)
      }
    } catch is KeelError {
      // Whoever trains it cannot go on with it: it counts as not made, and the search goes on.
      isLost = true
    }
    if isCancelled() { throw CancellationError() }
    if outcome == .holds { heldAt = heldAt ?? shownStep }
    return max(0, session.step - before)
  }

  /// The step that `training` is of.
  var shownStep: Int { isAhead ? training.steps : session.step }

  var outcome: TrialOutcome { isLost ? .notMade : TrialOutcome(training.verdict) }

  var score: Double { training.score }

  /// What is left of it: finite, and either it learns or its loss still falls.
  var isAlive: Bool {
    outcome == .holds || (outcome == .doesNotLearn && (isAhead || session.isFalling))
  }

  /// The dearest of its remedies, and within a class the time of a step; a clip that acts in most
  /// late steps masks, and counts as one class dearer.
  ///
  /// Each further remedy is a class of its own.
  var price: Double {
    let prices = remedies.map { type(of: $0).price }
    let time = prices.reduce(1) { $0 * $1.timePerStep } - 1
    let dearest = prices.map(\.invasiveness).max() ?? 0
    return Double(dearest + remedies.count - 1 + (isMasked ? 1 : 0)) + max(0, time)
  }

  private var isMasked: Bool {
    let trace = session.trace
    guard recipe.clipping != [] else { return false }
    return trace.clippedShare(of: trace.count - trace.count / 3..<trace.count) > 0.5
  }

  /// That it does not learn is said only at the end of the recipe.
  private var isOpen: Bool { outcome == .doesNotLearn && (isAhead || !session.isOver) }

  var record: CaseHistory.TrialRecord {
    CaseHistory.TrialRecord(
      remedies: treatments, outcome: isOpen ? .undecided : outcome,
      steps: shownStep, loss: training.loss,
      score: training.score, seed: recipe.seed)
  }
}
