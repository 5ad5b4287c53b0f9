import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// The schedule carries the rate beyond what it begins with, or its warm-up takes most of the run.
///
/// **Definition** The largest factor that the schedule puts on the base rate; it deviates above 1.
/// A warm-up also deviates where it takes more than half of the run. The reset leaves the rate
/// constant; a shorter warm-up stays.
///
/// **References** Smith, *Cyclical learning rates for training neural networks*, WACV 2017: growing
/// the rate until the loss leaves is how its limit is found.
public enum GrowingLearningRate: Cause {
  public static let name = "growing-learning-rate"
  public static let summary = "the schedule carries the learning rate beyond its limit"

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    ["schedule", "scheduler", "lr-schedule", "warmup", "warmup-steps", "warmup-ratio", "lr-decay"]
      .contains(setting)
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    guard evidence.recipe.schedule != .constant else { return nil }
    let rate = evidence.recipe.optimizer.member.learningRate
    let course = RateCourse(evidence.problem, trace: evidence.trace)
    if course.largest > 1 + 1e-6 {
      return Deviation(
        quantity: "largest learning rate of the schedule", value: rate * course.largest,
        reference: rate)
    }
    guard isWarmUpTooLong(evidence) else { return nil }
    return Deviation(
      quantity: "learning rate in the middle of the run, by its warm-up",
      value: rate * course.usual, reference: rate)
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    var recipe = evidence.recipe
    if let warmup = recipe.schedule.ingredient as? WarmupSchedule, !isWarmUpTooLong(evidence) {
      recipe.schedule = .warmup(steps: warmup.steps)
    } else {
      recipe.schedule = .constant
    }
    return recipe
  }

  /// Whether it takes more than half of the run.
  private static func isWarmUpTooLong(_ evidence: Evidence) -> Bool {
    guard let warmup = evidence.recipe.schedule.ingredient as? WarmupSchedule else { return false }
    return warmup.steps > evidence.problem.steps / 2
  }

  public static let guilty: [Recipe] = [
    regression(.exponential(factor: 1.03)), regression(.step(every: 60, factor: 10)),
    regression(.warmup(steps: 20, then: .exponential(factor: 1.05))),
  ]

  public static let innocent: [Recipe] = [
    regression(.exponential(factor: 1.0005)), regression(.step(every: 100, factor: 1.5)),
  ]

  private static func regression(_ schedule: Choice<Schedules>) -> Recipe {
    Recipe(
      name: "\(schedule.name)-rate", data: .regression(samples: 256, features: 8, noise: 0.1),
      model: [.dense(16), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0.005), schedule: schedule,
      training: .init(epochs: 50, batch: 32))
  }
}
