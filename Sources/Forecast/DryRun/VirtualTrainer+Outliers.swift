import KeelData
import KeelTraining

extension VirtualTrainer {
  /// The step, after a dry run, whose batch holds a row far outside the rest, and from which the
  /// training explodes; nil where there is no such row, or it is borne.
  ///
  /// Its batch is the first of its kind in two epochs, taken by the network as the dry run left it.
  func stepWreckedByOutlier() -> Int? {
    let rows = Set(trainer.problem.outliers.rows.map(Int32.init))
    let steps = trainer.step..<min(total, trainer.step + 2 * stepsPerEpoch)
    guard !rows.isEmpty, recipe.training.badSteps == .stop,
      let first = steps.first(where: { self.rows(ofStep: $0).contains(where: rows.contains) })
    else { return nil }
    var divergence = Divergence(scale: trainer.baseline.scale, batch: batchSize, total: total)
    var losses: [Float] = []
    let most = divergence.width + divergence.patience
    for step in first..<min(total, first + most) {
      guard case .done(let loss) = advance(step: step, updates: trainer.step + losses.count) else {
        return first
      }
      losses.append(Float(loss))
      if divergence.look(at: losses, step: step - first) == .divergence { return first }
      // What did not leave by then is borne.
      if losses.count >= max(10, divergence.width), divergence.above == nil { break }
    }
    return nil
  }
}
