import KeelCauses
import KeelRecipes

/// What a remedy costs.
public struct Price: Hashable, Comparable, Sendable {
  /// How much of a recipe it changes, from 0 to 3.
  ///
  /// 0: a number changes. 1: something is added to the step, or the data are scaled. 2: layers
  /// change. 3: the network becomes another.
  public let invasiveness: Int
  /// Time of a step, over that without.
  public let timePerStep: Double
  /// What it may do to what is learnt.
  public let risk: String

  /// - Parameters:
  ///   - invasiveness: how much of a recipe it changes, from 0 to 3.
  ///   - timePerStep: time of a step, over that without.
  ///   - risk: what it may do to what is learnt, in a few words.
  public init(invasiveness: Int, timePerStep: Double, risk: String) {
    (self.invasiveness, self.timePerStep, self.risk) = (invasiveness, timePerStep, risk)
  }

  /// The less invasive first; of two that are equally so, the one that takes less time.
  public static func < (a: Price, b: Price) -> Bool {
    (a.invasiveness, a.timePerStep) < (b.invasiveness, b.timePerStep)
  }
}
