import KeelFaults
import KeelRecipes
import KeelTraining

/// How early a training that ends in NaN was called lost.
package struct Alarm: Codable, Sendable {
  /// The step of the first non-finite value, if nobody stops the training before; nil where none
  /// comes.
  package let dies: Int?
  /// Whether it has learnt something in the end, where nobody stops it.
  package let recovers: Bool
  /// The first step at which the monitor spoke: the averaged loss passed its edge, the gradient
  /// surged, or the training was stopped.
  package let raised: Int?
  /// The same, of calls of an explosion alone.
  package let called: Int?

  /// - Throws: `KeelError` where it cannot be trained.
  package init(_ recipe: Recipe) throws {
    let trainer = try Trainer(Problem(recipe), keepsSnapshots: false)
    var called: Int?
    // Without snapshots there is nothing to go back to: the training goes on beyond its end.
    while trainer.step < trainer.batches.total, trainer.explosion?.kind != .nonFinite {
      trainer.advance()
      if trainer.explosion != nil { called = called ?? trainer.step - 1 }
    }
    self.called = called
    dies = trainer.explosion?.kind == .nonFinite ? trainer.explosion?.step : nil
    recovers = dies == nil && trainer.baseline.skill(trainer.endLoss) >= Validity.learnt
    let event = trainer.trace.events.first { $0.kind != .skipped }?.step
    raised = [called, event].compactMap { $0 }.min()
  }
}
