import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// Less of the past in every step: momentum, betas and rho as they commonly are, or no momentum.
///
/// A step of momentum β goes 1/(1 − β) times as far as its gradient says; at 0.999 a hundred times
/// as far as at 0.9.
///
/// **References** Sutskever et al., *On the importance of initialization and momentum in deep
/// learning*, ICML 2013.
public struct LowerMomentum: Remedy {
  public static let name = "lower-momentum"
  public static let summary = "less of the past in every step"
  public static let undoes = [ExcessiveMomentum.name, AccumulatedGradients.name]
  public static let price = Price(
    invasiveness: 0, timePerStep: 1, risk: "may learn more slowly at the same rate")
  public static let isHot = true

  /// Whether nothing of past gradients is kept; otherwise as much as is common.
  public let isNone: Bool

  public init(isNone: Bool) { self.isNone = isNone }

  public static func candidates(for evidence: Evidence) -> [LowerMomentum] {
    let isMomentum = evidence.recipe.optimizer.ingredient is SGD
    return (isMomentum ? [false, true] : [false]).map(LowerMomentum.init)
  }

  public func applied(to problem: Problem) -> Recipe? {
    let evidence = Evidence(problem)
    let isAccumulated = AccumulatedGradients.deviation(in: evidence) != nil
    guard isAccumulated || ExcessiveMomentum.deviation(in: evidence) != nil else { return nil }
    if isNone { return problem.recipe.withoutMomentum }
    return isAccumulated
      ? problem.recipe.changingOptimizer(["momentum": Self.common])
      : ExcessiveMomentum.reset(evidence)
  }

  private static let common = SGD.retentions["momentum"]?.reference ?? 0
}
