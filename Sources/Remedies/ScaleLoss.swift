import KeelCauses
import KeelRecipes
import KeelTraining

/// A loss scaled for the backward pass, so that small gradients are no zeros in half precision.
///
/// Where that is not enough, full precision.
///
/// The factor is taken out of the gradients again. It begins at 65,536, is halved where a gradient
/// is not finite, and doubled after 2,000 steps in which all were.
///
/// **References** Micikevicius et al., *Mixed precision training*, 2018, §3.2.
public struct ScaleLoss: Remedy {
  public static let name = "scale-loss"
  public static let summary = "a loss scale for half precision, or full precision"
  public static let undoes = [HalfPrecision.name]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1, risk: "full precision takes twice the memory")
  public static let isHot = false
  public static let isOfEngines = true

  /// Whether it gives up half precision.
  public let isFull: Bool

  public init(isFull: Bool) { self.isFull = isFull }

  public static func candidates(for evidence: Evidence) -> [ScaleLoss] {
    [ScaleLoss(isFull: false), ScaleLoss(isFull: true)]
  }

  public func applied(to problem: Problem) -> Recipe? {
    guard HalfPrecision.deviation(in: Evidence(problem)) != nil else { return nil }
    if isFull { return HalfPrecision.reset(Evidence(problem)) }
    let changed = problem.recipe.settingOwnLoss { $0.scale = .dynamic }
    return changed == problem.recipe ? nil : changed
  }
}
