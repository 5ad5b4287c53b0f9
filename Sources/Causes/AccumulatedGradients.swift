import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// Gradients add up from step to step and nobody sets them to zero.
///
/// **Definition** A momentum of 1: the step is the sum of all gradients so far, which is what a
/// forgotten `zero_grad` amounts to. The reset keeps nothing of the past.
///
/// **References** PyTorch's `Optimizer.zero_grad`: gradients accumulate until it is called.
public enum AccumulatedGradients: Cause {
  public static let name = "accumulated-gradients"
  public static let summary = "gradients add up over all steps, as where zero_grad is forgotten"

  public static func deviation(in evidence: Evidence) -> Deviation? {
    let optimizer = evidence.recipe.optimizer
    guard (optimizer.ingredient as? SGD)?.momentum == 1 else { return nil }
    // Its steps remember all there were.
    return Deviation(
      quantity: "momentum (1 adds up all gradients)", value: 1, reference: 0,
      place: "optimizer.sgd.momentum", decades: 6)
  }

  public static func reset(_ evidence: Evidence) -> Recipe? { evidence.recipe.withoutMomentum }

  public static let guilty: [Recipe] = [
    regression(rate: 0.01, momentum: 1), regression(rate: 0.005, momentum: 1, units: 24),
  ]

  public static let innocent: [Recipe] = [
    regression(rate: 0.01, momentum: 0), regression(rate: 0.01, momentum: 0.9),
  ]

  private static func regression(rate: Double, momentum: Double, units: Int = 32) -> Recipe {
    Recipe(
      name: "momentum-\(momentum)-\(units)",
      data: .regression(samples: 400, features: 8, noise: 0.1, test: .fraction(0.2)),
      standardize: .both, model: [.dense(units), .relu, .dense(1)], initializer: .he(),
      loss: .meanSquaredError, optimizer: .sgd(learningRate: rate, momentum: momentum),
      training: .init(epochs: 40, batch: 16))
  }
}
