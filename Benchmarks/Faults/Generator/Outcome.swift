import KeelRecipes
import KeelTraining

/// What became of one training: the generator's only measurement.
package struct Outcome: Codable, Hashable, Sendable {
  package let verdict: Verdict
  package let skill: Double
  package let score: Double
  package let steps: Int
  /// The largest recorded loss of a batch over that which an untrained network or a constant has.
  package let peak: Double

  /// - Throws: `KeelError` where it cannot be trained; `CancellationError`.
  package init(_ recipe: Recipe) throws {
    let trainer = try Trainer(Problem(recipe), keepsSnapshots: false)
    let training = trainer.train(isCancelled: { Task.isCancelled })
    try Task.checkCancellation()
    (verdict, skill, score) = (training.verdict, training.skill, training.score)
    steps = training.steps
    let losses = trainer.trace.losses.filter(\.isFinite)
    peak = Double(losses.max() ?? 0) / max(1e-30, trainer.baseline.scale)
  }

  package var isHealthy: Bool { verdict == .healthy }
}
