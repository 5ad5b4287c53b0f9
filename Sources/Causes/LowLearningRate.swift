import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// The learning rate is so low that nothing is learnt in the time there is.
///
/// **Definition** The rate times the factor that its schedule puts on it in the middle of the run;
/// it deviates where the rate itself is below a tenth of the reference, or the factor below 0.01,
/// and nothing exploded. The reset raises the rate to the reference, and makes a schedule constant
/// that took most of the run away. (A warm-up that does is left to `GrowingLearningRate`.)
///
/// **References** Bengio, *Practical recommendations for gradient-based training of deep
/// architectures*, 2012, §3.1: it is the first thing to look at.
public enum LowLearningRate: Cause {
  public static let name = "low-learning-rate"
  public static let summary = "the learning rate is too low to learn anything in this time"

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    isAbove == false && LargeLearningRate.names.contains(setting)
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    // No explosion comes of steps that are too short.
    guard evidence.explosion == nil else { return nil }
    let optimizer = evidence.recipe.optimizer.member
    let (isLow, isDecayed) = deviates(evidence)
    guard isLow || isDecayed else { return nil }
    let factor = isDecayed ? RateCourse(evidence.problem, trace: evidence.trace).usual : 1
    return Deviation(
      quantity: isDecayed ? "learning rate in the middle of the run" : "learning rate",
      value: optimizer.learningRate * factor, reference: ReferencePoint.learningRate(optimizer))
  }

  private static func deviates(_ evidence: Evidence) -> (isLow: Bool, isDecayed: Bool) {
    let optimizer = evidence.recipe.optimizer.member
    let isWarmUp = evidence.recipe.schedule.ingredient is WarmupSchedule
    return (
      optimizer.learningRate < ReferencePoint.learningRate(optimizer) * ReferencePoint.lowRate,
      !isWarmUp && evidence.recipe.schedule != .constant
        && RateCourse(evidence.problem, trace: evidence.trace).usual < RateCourse.least
    )
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    let optimizer = evidence.recipe.optimizer.member
    let (isLow, isDecayed) = deviates(evidence)
    var recipe = evidence.recipe
    if isLow { recipe = recipe.withLearningRate(ReferencePoint.learningRate(optimizer)) }
    if isDecayed { recipe.schedule = .constant }
    return recipe
  }

  public static let guilty: [Recipe] = [
    regression(rate: 1e-6), regression(rate: 0.01, .exponential(factor: 0.8)),
  ]

  public static let innocent: [Recipe] = [
    regression(rate: 0.0008), regression(rate: 0.02, .exponential(factor: 0.99)),
  ]

  private static func regression(
    rate: Double, _ schedule: Choice<Schedules> = .constant
  ) -> Recipe {
    Recipe(
      name: "rate-\(rate)-\(schedule.name)",
      data: .regression(samples: 256, features: 8, noise: 0.1),
      model: [.dense(16), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: rate), schedule: schedule,
      training: .init(epochs: 50, batch: 32))
  }
}
