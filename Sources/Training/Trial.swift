import KeelEngine
import KeelRecipes

/// A controlled experiment: a recipe that differs in one thing, on the same data in the same order,
/// with the same seed, from step 0 or from a snapshot.
///
/// It knows no remedy and no cause; it says what became of the change.
package struct Trial: Hashable, Sendable {
  package enum Outcome: String, Hashable, Codable, Sendable {
    case holds
    case explodes
    case doesNotLearn = "does-not-learn"
  }

  package let changes: [Change]
  package let outcome: Outcome
  package let training: Training

  /// Runs `variant`, which differs from `control`, for at most `steps` steps.
  /// - Throws: `KeelError` where the variant cannot be planned.
  package init(_ variant: Recipe, against control: Recipe, parts: Parts, steps: Int) throws {
    let trainer = try Trainer(variant, parts: parts)
    let training = trainer.train(steps: steps)
    self.init(training, variant, control)
  }

  /// Goes on from a snapshot of the control's run under `variant`, whose network and optimizer are
  /// the same.
  package init(
    _ variant: Recipe, against control: Trainer, from snapshot: Snapshot, steps: Int
  ) throws {
    let trainer = try Trainer(variant, parts: control.parts)
    trainer.rewind(to: snapshot, history: control.trace)
    self.init(trainer.train(steps: steps), variant, control.recipe)
  }

  private init(_ training: Training, _ variant: Recipe, _ control: Recipe) {
    changes = variant.diff(from: control)
    self.training = training
    outcome =
      switch training.verdict {
      case .exploding: .explodes
      case .vanishing, .stalled: .doesNotLearn
      case .healthy: .holds
      }
  }
}
