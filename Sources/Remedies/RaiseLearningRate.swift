import Foundation
import KeelCauses
import KeelForecast
import KeelRecipes
import KeelTraining

/// A higher learning rate, where the one at hand learns nothing in the time there is.
///
/// A schedule that took most of the run away becomes constant.
///
/// **References** Bengio, *Practical recommendations for gradient-based training of deep
/// architectures*, 2012, §3.1.
public struct RaiseLearningRate: Remedy {
  public static let name = "raise-learning-rate"
  public static let summary = "a higher learning rate"
  public static let undoes = [LowLearningRate.name]
  public static let price = Price(
    invasiveness: 0, timePerStep: 1, risk: "may overshoot where another thing holds it back")
  public static let isHot = false

  /// The new rate.
  public let rate: Double

  public init(rate: Double) { self.rate = rate }

  public static func recipeToMeasure(_ evidence: Evidence) -> Recipe? {
    LowLearningRate.deviation(in: evidence) == nil ? nil : LowLearningRate.reset(evidence)
  }

  /// The reference, then half a decade apart below the largest that forty steps hold.
  public static func candidates(for evidence: Evidence) -> [RaiseLearningRate] {
    guard let reset = LowLearningRate.reset(evidence), reset != evidence.recipe else { return [] }
    let optimizer = evidence.recipe.optimizer.member
    let reference = reset.optimizer.member.learningRate
    let measured = LowerLearningRate.rates(
      below: evidence.learningRateLimit, for: type(of: optimizer)
    ).filter { $0 > reference }
    return ([reference] + measured.prefix(2).reversed()).map(RaiseLearningRate.init)
  }

  public func applied(to problem: Problem) -> Recipe? {
    guard let reset = LowLearningRate.reset(Evidence(problem)) else { return nil }
    let changed =
      rate > reset.optimizer.member.learningRate ? reset.withLearningRate(rate) : reset
    return changed == problem.recipe ? nil : changed
  }
}
