import KeelCauses
import KeelRecipes
import KeelTraining

/// A layer normalisation between the last residual block and the last layer.
///
/// However many blocks have added to it, what the last layer sees has unit size.
///
/// **References** Xiong et al., *On layer normalization in the transformer architecture*, ICML
/// 2020.
public struct NormalizeOutput: Remedy {
  public static let name = "normalize-output"
  public static let summary = "a layer normalisation before the last layer"
  public static let undoes = [MissingNormalization.name]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1.05, risk: "the size of the sum is lost to the last layer")
  public static let isHot = false

  public init() {}

  public static func candidates(for evidence: Evidence) -> [NormalizeOutput] { [NormalizeOutput()] }

  public func applied(to problem: Problem) -> Recipe? {
    MissingNormalization.deviation(in: Evidence(problem)) == nil
      ? nil : problem.recipe.normalizingOutput
  }
}
