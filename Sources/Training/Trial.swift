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
  /// Whether its loss still fell at its end.
  package let isFalling: Bool

  /// Trains `variant` from step 0 for max(100 steps, 2 epochs), and on ×3 while it is finite and
  /// has not learnt; that it does not learn is said only at the end of its recipe.
  /// - Parameters:
  ///   - minimum: steps that must be taken before it can be said to hold.
  ///   - maximum: steps that may be taken.
  /// - Throws: `KeelError` where the variant cannot be planned; `CancellationError`.
  package init(
    _ variant: Problem, against control: Recipe, atLeast minimum: Int = 0,
    atMost maximum: Int = .max
  ) throws {
    let lasting = variant.recipe.lasting(Self.least, rows: variant.rows.train.count)
    let trainer = try Trainer(variant.with(lasting), keepsSnapshots: false)
    let first = min(max(100, 2 * trainer.batches.stepsPerEpoch, minimum), trainer.batches.total)
    var steps = min(first, maximum)
    var training = try Self.train(trainer, until: steps)
    while !trainer.isOver, training.verdict != .healthy, steps < maximum {
      steps = min(3 * steps, maximum)
      training = try Self.train(trainer, until: steps)
    }
    let isDecided = trainer.isOver || (training.verdict == .healthy && steps >= first)
    self.init(training, variant.recipe, control, isDecided: isDecided, isFalling: trainer.isFalling)
  }

  private static func train(_ trainer: Trainer, until step: Int) throws -> Training {
    let training = trainer.train(
      steps: step - trainer.step, isCancelled: { Task.isCancelled })
    try Task.checkCancellation()
    return training
  }

  private init(
    _ training: Training, _ variant: Recipe, _ control: Recipe, isDecided: Bool, isFalling: Bool
  ) {
    self.isFalling = isFalling
    changes = variant.diff(from: control)
    self.training = training
    outcome = isDecided ? TrialOutcome(training.verdict) : .undecided
  }
}
