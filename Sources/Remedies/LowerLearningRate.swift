import Foundation
import KeelCauses
import KeelRecipes

/// A lower learning rate, and nothing else.
///
/// Updates that overshot fall short again. It may hide other causes, which is why it is proposed only
/// where its own was found. See `Guides/Remedies/LowerLearningRate.md`.
public struct LowerLearningRate: Remedy {
  public static let name = "lower-learning-rate"
  public static let summary = "a lower learning rate"
  public static let treats = [LargeLearningRate.name]
  public static let price = Price(
    invasiveness: 0, timePerStep: 1, risk: "learns more slowly; may hide another cause")
  public static let isHot = true

  /// The new rate.
  public let rate: Double

  public init(rate: Double) { self.rate = rate }

  /// Below the largest rate that was seen to hold, half a decade at a time: fine enough that the best
  /// lies within ×1.8 of one of them. What forty steps hold says little of an adaptive optimizer, whose
  /// steps are as long whatever the gradient: of those nothing above 30 times the reference is tried.
  public static func candidates(for patient: Patient) -> [LowerLearningRate] {
    let optimizer = patient.recipe.optimizer.member
    let (current, kind) = (optimizer.learningRate, type(of: optimizer))
    let most = kind.isAdaptive ? min(current, 30 * kind.referenceRate) : current
    return rates(below: patient.learningRateLimit.map { min($0, most) })
      .filter { $0 < current }.prefix(4).map(LowerLearningRate.init)
  }

  /// Half a decade apart from a limit down.
  static func rates(below limit: Double?) -> [Double] {
    guard let limit else { return [] }
    return (0...6).map { rounded(limit / pow(10, Double($0) / 2)) }
  }

  public func applied(to subject: Subject) -> Recipe? {
    rate < subject.recipe.optimizer.member.learningRate
      ? subject.recipe.withLearningRate(rate) : nil
  }

  public func lines(for framework: Framework, in recipe: Recipe) -> [String] {
    framework.optimizerLines(of: recipe.withLearningRate(rate))
  }
}

/// Two digits: a number that a person would write.
func rounded(_ value: Double) -> Double { Double(String(format: "%.1e", value)) ?? value }
