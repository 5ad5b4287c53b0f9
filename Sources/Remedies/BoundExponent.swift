import KeelCauses
import KeelRecipes
import KeelTraining

/// Exponentials that go on as a straight line from 1, scores of attention within ±50, and roots and
/// logarithms that end before zero.
///
/// `e·x` in place of `eˣ` above 1 is as positive, as smooth and still grows; `50·tanh(score/50)` is
/// the score itself where it is small.
///
/// **References** Kendall and Gal, *What uncertainties do we need in Bayesian deep learning*, 2017,
/// §3.1; Gemma Team, *Gemma 2*, 2024, §2.
public struct BoundExponent: Remedy {
  public static let name = "bound-exponent"
  public static let summary =
    "exponentials, scores of attention, roots and logarithms that are bounded"
  public static let undoes = [
    UnboundedExponent.name, AttentionLogits.name, NumericOverflow.name,
  ]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1.05, risk: "large values mean something else than they did")
  public static let isHot = false
  public static let isOfEngines = true

  /// Whether exponentials are bounded, whether scores are, and what roots and logarithms take.
  public let exponents, scores, domains: Bool

  public init(exponents: Bool, scores: Bool, domains: Bool) {
    (self.exponents, self.scores, self.domains) = (exponents, scores, domains)
  }

  /// What deviates.
  public static func candidates(for evidence: Evidence) -> [BoundExponent] {
    [
      BoundExponent(
        exponents: UnboundedExponent.deviation(in: evidence) != nil,
        scores: AttentionLogits.deviation(in: evidence) != nil,
        domains: NumericOverflow.deviation(in: evidence) != nil)
    ]
  }

  public func applied(to problem: Problem) -> Recipe? {
    let changed = problem.recipe.settingOwnModel { model in
      if exponents { model.exponents = .bounded }
      if scores { model.attentionLogits = .bounded }
      if domains { model.domains = .bounded }
    }
    return changed == problem.recipe ? nil : changed
  }
}
