import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelTraining

/// Dropout that leaves enough to learn from.
///
/// What is kept is multiplied by 1/(1 − rate): at 0.5 by two, at 0.97 by 33.
///
/// **References** Srivastava et al., *Dropout*, JMLR 2014, §7.3.
public struct EaseDropout: Remedy {
  public static let name = "ease-dropout"
  public static let summary = "dropout that leaves enough to learn from"
  public static let undoes = [ExcessiveDropout.name]
  public static let price = Price(
    invasiveness: 0, timePerStep: 1, risk: "may fit noise that dropout kept out")
  public static let isHot = false

  /// The most that any layer drops.
  public let rate: Double

  public init(rate: Double) { self.rate = rate }

  /// The reference, less, and none.
  public static func candidates(for evidence: Evidence) -> [EaseDropout] {
    [ReferencePoint.dropout, 0.2, 0].map(EaseDropout.init)
  }

  public func applied(to problem: Problem) -> Recipe? {
    let changed = problem.recipe.changingNumbers { setting in
      setting.ingredient is Dropout ? min(setting.value, rate) : setting.value
    }
    return changed == problem.recipe ? nil : changed
  }
}
