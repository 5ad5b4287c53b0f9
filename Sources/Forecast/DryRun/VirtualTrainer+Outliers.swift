import KeelData
import KeelNetworks
import KeelTraining

extension VirtualTrainer {
  /// The step, after a dry run, in which the training explodes over a batch with a row far outside
  /// the rest; nil where there is no such row, or it is borne.
  ///
  /// The batch of the worst row is tried, the first of its kind in two epochs, by the network as
  /// the dry run left it, at the rate that it had last; a third of what is left of the budget at
  /// most.
  /// - Throws: `CancellationError`.
  func stepWreckedByOutlier() throws -> Int? {
    let steps = trainer.step..<min(total, trainer.step + 2 * stepsPerEpoch)
    guard recipe.training.badSteps == .stop, let worst = trainer.problem.outliers.worst?.row,
      let first = steps.first(where: { rows(ofStep: $0).contains(Int32(worst)) })
    else { return nil }
    resume(at: trainer.step)
    var divergence = Divergence(scale: trainer.baseline.scale, batch: batchSize, total: total)
    var losses: [Float] = []
    let affordable = evaluationBudget.left / 3 / evaluationBudget.cost(rows: batchSize)
    // What did not leave by then is borne.
    let least = max(10, divergence.width)
    let most = Int(min(affordable, Double(least + divergence.width + divergence.patience)))
    for step in first..<min(total, first + most) {
      try Task.checkCancellation()
      let rate = rate(at: trainer.step) / max(rate(at: step), .leastNormalMagnitude)
      let count = trainer.step + losses.count
      guard case .done(let loss) = advance(step: step, updates: count, rate: rate) else {
        return step
      }
      losses.append(Float(loss))
      if divergence.look(at: losses, step: step - first) == .divergence { return step }
      if losses.count >= least, divergence.above == nil { break }
    }
    return nil
  }

  /// What the schedule makes of the rate.
  private func rate(at step: Int) -> Double {
    recipe.schedule.member.learningRate(
      recipe.optimizer.member.learningRate, at: step, of: total)
  }
}
