import KeelRecipes
import KeelSettings

/// A controlled experiment: a recipe that differs in one thing from a control, on the same data in
/// the same order with the same seed, and what became of it.
///
/// It knows no remedy and no cause.
package struct Trial: Sendable {
  /// A trial has at least this many steps, however short the recipe: the data are repeated.
  package static let least = 50

  package let changes: [Change]
  package let outcome: TrialOutcome
  package let training: Training
  /// What it had come to at the step that it was asked for; nil where it did not go beyond.
  let earlier: Training?
  /// Whether its loss still fell at its end.
  package let isFalling: Bool
  /// Whether it came to the end of its recipe, or exploded.
  let isOver: Bool

  /// Trains from step 0 for max(100 steps, 2 epochs), and on ×3 while it is finite and has not
  /// learnt; that it does not learn is said only at the end of its recipe.
  /// - Parameters:
  ///   - session: of the variant, at step 0.
  ///   - minimum: steps that must be taken before it can be said to hold.
  ///   - maximum: steps that may be taken.
  ///   - mark: the step that `earlier` is of.
  /// - Throws: `CancellationError`; `KeelError` where whoever trains cannot go on.
  package init(
    _ session: any TrainingSession, of variant: Recipe, against control: Recipe,
    atLeast minimum: Int,
    atMost maximum: Int, marking mark: Int? = nil, isCancelled: () -> Bool
  ) throws {
    func train(until step: Int) throws -> Training {
      let training = try session.train(
        steps: step - session.step, isCancelled: isCancelled, observe: { _ in })
      if isCancelled() { throw CancellationError() }
      return training
    }
    let first = min(max(100, 2 * session.stepsPerEpoch, minimum), session.total)
    var steps = min(first, maximum)
    var marked: Training?
    // What others are held against is seen on the way.
    func go(to step: Int) throws -> Training {
      if let mark, session.step < mark, mark < step { marked = try train(until: mark) }
      return try train(until: step)
    }
    var training = try go(to: steps)
    while !session.isOver, training.verdict != .healthy, steps < maximum {
      steps = min(3 * steps, maximum)
      training = try go(to: steps)
    }
    let isDecided = session.isOver || (training.verdict == .healthy && steps >= first)
    (isFalling, isOver) = (session.isFalling, session.isOver)
    changes = variant.diff(from: control)
    outcome = isDecided ? TrialOutcome(training.verdict) : .undecided
    self.training = training
    earlier = session.step > mark ?? .max ? marked : nil
  }
}
