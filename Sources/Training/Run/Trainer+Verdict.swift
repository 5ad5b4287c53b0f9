import KeelRecipes

// What a verdict goes by, of a training of Keel's own.

extension Trainer: TrainingSession {
  package var total: Int { batches.total }
  package var stepsPerEpoch: Int { batches.stepsPerEpoch }
  package var divergence: Divergence { monitor.divergence }
  package var vanishingSteps: Int { tally.vanishing }

  package var multiplyAdds: Double { trainingStep.plan.multiplyAdds }
  package var floats: Int { trainingStep.plan.floats }

  package func isPassedOver(_ step: Int) -> Bool {
    batches.isSkipped(step) || (recipe.training.badSteps == .skip && trace.wasSkipped(step))
  }
}
