import KeelRecipes
import KeelTraining

/// An exponential of something that nothing bounds: a log-variance head, an activation, a density.
///
/// **Definition** The largest argument of an exponential, as training begins or in the step that
/// was lost; it deviates above 5 (e⁵ is 148), or where an exponential was the first to overflow
/// (e^88.73 is more than float32 holds). The reset continues it as a straight line from 1.
/// Exponentials inside a softmax or a cross-entropy are bounded by their framework, and none of
/// these. In a recipe of Keel's own this is `NumericOverflow`, or `SteepActivation`.
///
/// **References** Kendall and Gal, *What uncertainties do we need in Bayesian deep learning*, 2017,
/// §3.1; Rybkin et al., *Simple and effective VAE training with calibrated decoders*, 2021, §3.
public enum UnboundedExponent: Cause {
  public static let name = "unbounded-exponent"
  public static let summary = "an exponential is taken of something that nothing bounds"
  public static let isOfEngines = true
  /// What an engine calls such an operation.
  static let operation = "exponent"

  public static func deviation(in evidence: Evidence) -> Deviation? {
    guard evidence.recipe.ownModel?.exponents == .own else { return nil }
    let quantity = "largest argument of an exponential"
    if let explosion = evidence.explosion, explosion.operation == operation {
      return Deviation(
        quantity: quantity, value: ReferencePoint.largestExponent,
        reference: ReferencePoint.exponent,
        place: explosion.place)
    }
    return evidence.peak(\.exponent, above: ReferencePoint.exponent, quantity)
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    evidence.recipe.settingOwnModel { $0.exponents = .bounded }
  }
}
