import Foundation
import KeelCauses
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelTraining

/// A lower learning rate, and nothing else.
///
/// Updates that overshot fall short again. It may hide other causes, which is why it is proposed
/// only where its own was found. See `Guides/Remedies/LowerLearningRate.md`.
public struct LowerLearningRate: Remedy {
  public static let name = "lower-learning-rate"
  public static let summary = "a lower learning rate"
  public static let undoes = [LargeLearningRate.name]
  public static let price = Price(
    invasiveness: 0, timePerStep: 1, risk: "learns more slowly; may hide another cause")
  public static let isHot = true

  /// The new rate.
  public let rate: Double

  public init(rate: Double) { self.rate = rate }

  public static func recipeToMeasure(_ evidence: Evidence) -> Recipe? { evidence.recipe }

  /// Half a decade apart, below the largest rate that was seen to hold for forty steps: the best
  /// lies within ×1.8 of one of them.
  ///
  /// Those steps say little of an adaptive optimizer, whose steps are as long whatever the
  /// gradient: of those nothing above ten times the reference is tried. Where all lie below the
  /// reference (forty steps of a slow start look like none), that comes first.
  public static func candidates(for evidence: Evidence) -> [LowerLearningRate] {
    let optimizer = evidence.recipe.optimizer.member
    let kind = type(of: optimizer)
    // Nobody measures forty steps of another's training: the reference, and a decade around it.
    if evidence.problem.engine != nil {
      let reference = kind.referenceRate
      let between = (min(optimizer.learningRate, 100 * reference) * reference).squareRoot()
      let low = min(reference, optimizer.learningRate)
      return [reference, rounded(between), rounded(low / 3), rounded(low / 10)]
        .filter { $0 < optimizer.learningRate }.prefix(3).map(LowerLearningRate.init)
    }
    // The rate at hand does not hold for longer than that, whatever forty steps say.
    let most = min(
      optimizer.learningRate,
      kind.isAdaptive ? 10 * kind.referenceRate / kind.shareOfLimit : .infinity)
    let measured = rates(below: evidence.learningRateLimit.map { min($0, most) }, for: kind)
    let isSlow = measured.first ?? 0 < kind.referenceRate
    return ((isSlow ? [kind.referenceRate] : []) + measured)
      .filter { $0 < optimizer.learningRate }.prefix(3).map(LowerLearningRate.init)
  }

  /// Half a decade apart, from the best share of a limit down.
  static func rates(below limit: Double?, for optimizer: any Optimizer.Type) -> [Double] {
    guard let limit else { return [] }
    return (0...4).map { rounded(limit * optimizer.shareOfLimit / pow(10, Double($0) / 2)) }
  }

  public func applied(to problem: Problem) -> Recipe? {
    rate < problem.recipe.optimizer.member.learningRate
      ? problem.recipe.withLearningRate(rate) : nil
  }
}
