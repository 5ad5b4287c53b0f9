import KeelEngine
import KeelRecipes

/// A controlled experiment: a recipe that differs in one thing from a control, on the same data in
/// the same order with the same seed, and what became of it.
///
/// It knows no remedy and no cause.
package struct Trial: Sendable {
  package enum Outcome: String, Hashable, Codable, Sendable {
    case holds
    case explodes
    case doesNotLearn = "does-not-learn"
  }

  /// A trial has at least this many steps, however short the recipe: the data are repeated.
  static let least = 50

  package let changes: [Change]
  package let outcome: Outcome
  package let training: Training

  /// Trains `variant` from step 0 for max(100 steps, 2 epochs), and on ×3 while it is finite and has
  /// not learnt; that it does not learn is said only at the end of its recipe.
  /// - Parameter atLeast: steps that must be taken before it can be said to hold.
  /// - Throws: `KeelError` where the variant cannot be planned; `CancellationError`.
  package init(
    _ variant: Recipe, against control: Recipe, parts: Parts, atLeast minimum: Int = 0
  ) throws {
    let trainer = try Trainer(variant.lasting(Self.least, rows: parts.train.count), parts: parts)
    var steps = max(100, 2 * trainer.batches.stepsPerEpoch, minimum)
    var training = try Self.train(trainer, until: steps)
    while !trainer.isOver, training.verdict != .healthy {
      steps *= 3
      training = try Self.train(trainer, until: steps)
    }
    self.init(training, variant, control)
  }

  /// Goes on from a snapshot of the control's run under `variant`, whose network and optimizer must be
  /// the same.
  package init(_ variant: Recipe, against control: Trainer, from snapshot: Snapshot, steps: Int)
    throws
  {
    let trainer = try Trainer(variant, parts: control.parts)
    trainer.rewind(to: snapshot, history: control.trace)
    self.init(
      try Self.train(trainer, until: snapshot.step + steps), variant, control.recipe)
  }

  private static func train(_ trainer: Trainer, until step: Int) throws -> Training {
    let training = trainer.train(
      steps: step - trainer.step, isCancelled: { Task.isCancelled })
    try Task.checkCancellation()
    return training
  }

  private init(_ training: Training, _ variant: Recipe, _ control: Recipe) {
    changes = variant.diff(from: control)
    self.training = training
    outcome = Outcome(training.verdict)
  }
}

extension Trial.Outcome {
  package init(_ verdict: Verdict) {
    self =
      switch verdict {
      case .exploding: .explodes
      case .vanishing, .stalled: .doesNotLearn
      case .healthy: .holds
      }
  }
}

extension Recipe {
  /// The same recipe with as many epochs as give at least `steps` steps.
  fileprivate func lasting(_ steps: Int, rows: Int) -> Recipe {
    let perEpoch = max(1, rows / max(1, min(training.batch, rows)))
    var recipe = self
    recipe.training.epochs = max(training.epochs, (steps + perEpoch - 1) / perEpoch)
    recipe.training.maxSteps = training.maxSteps.map { max($0, steps) }
    return recipe
  }
}
