import KeelCauses
import KeelRecipes
import KeelTraining

/// A learning rate that stays what it begins with, in place of a schedule that grows.
///
/// A rate that trains need not be raised; a warm-up that leaves time to train stays.
///
/// **References** Smith, *Cyclical learning rates for training neural networks*, WACV 2017.
public struct SteadySchedule: Remedy {
  public static let name = "steady-schedule"
  public static let summary = "a constant learning rate in place of one that grows"
  public static let undoes = [GrowingLearningRate.name]
  public static let price = Price(
    invasiveness: 0, timePerStep: 1, risk: "what a later, higher rate would have reached")
  public static let isHot = true

  public init() {}

  public static func candidates(for evidence: Evidence) -> [SteadySchedule] {
    GrowingLearningRate.deviation(in: evidence) == nil ? [] : [SteadySchedule()]
  }

  public func applied(to problem: Problem) -> Recipe? {
    let changed = GrowingLearningRate.reset(Evidence(problem))
    return changed == problem.recipe ? nil : changed
  }
}
