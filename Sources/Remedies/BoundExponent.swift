import KeelCauses
import KeelRecipes
import KeelTraining

/// Exponentials that go on as a straight line from 1, and scores of attention within ±50.
///
/// `e·x` in place of `eˣ` above 1 is as positive, as smooth and still grows; `50·tanh(score/50)` is
/// the score itself where it is small.
///
/// **References** Kendall and Gal, *What uncertainties do we need in Bayesian deep learning*, 2017,
/// §3.1; Gemma Team, *Gemma 2*, 2024, §2.
public struct BoundExponent: Remedy {
  public static let name = "bound-exponent"
  public static let summary = "exponentials, and scores of attention, that are bounded"
  public static let undoes = [UnboundedExponent.name, AttentionLogits.name]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1.05, risk: "large values mean something else than they did")
  public static let isHot = false

  /// Whether exponentials are bounded, and whether scores are.
  public let exponents, scores: Bool

  public init(exponents: Bool, scores: Bool) {
    (self.exponents, self.scores) = (exponents, scores)
  }

  /// What deviates.
  public static func candidates(for evidence: Evidence) -> [BoundExponent] {
    [
      BoundExponent(
        exponents: UnboundedExponent.deviation(in: evidence) != nil,
        scores: AttentionLogits.deviation(in: evidence) != nil)
    ]
  }

  public func applied(to problem: Problem) -> Recipe? {
    let changed = problem.recipe.settingOwnModel { model in
      if exponents { model.exponents = .bounded }
      if scores { model.attentionLogits = .bounded }
    }
    return changed == problem.recipe ? nil : changed
  }
}
