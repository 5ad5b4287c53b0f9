import Foundation
import KeelCauses
import KeelRecipes

/// A lower learning rate, and nothing else.
///
/// Updates that overshot fall short again. It treats its own cause; it may hide others, which is why
/// it is proposed only where that cause was found. See `Guides/Remedies/LowerLearningRate.md`.
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

  /// Half a decade at a time, down to a tenth of the reference: fine enough that the best lies within
  /// ×1.8 of one of them, wide enough that a rate which trains is among them.
  public static func candidates(for recipe: Recipe) -> [LowerLearningRate] {
    let current = recipe.optimizer.member.learningRate
    let lowest = Reference.learningRate(recipe.optimizer.member) / 10
    var rates: [Double] = []
    var power = 1
    while current / pow(10, Double(power) / 2) >= lowest * 0.99 {
      rates.append(rounded(current / pow(10, Double(power) / 2)))
      power += 1
    }
    return rates.map(LowerLearningRate.init)
  }

  public func applied(to recipe: Recipe) -> Recipe? {
    rate < recipe.optimizer.member.learningRate ? recipe.withLearningRate(rate) : nil
  }

  /// Two digits: a rate that a person would write.
  private static func rounded(_ value: Double) -> Double {
    Double(String(format: "%.1e", value)) ?? value
  }
}
