import KeelCauses
import KeelRecipes
import KeelTraining

/// A limit on the norm of the weights into each unit.
///
/// Weights cannot run away; what overflows in the first forward pass it does not mend.
///
/// **References** Srebro and Shraibman, 2005; Srivastava et al., *Dropout*, JMLR 2014, §5.1.
public struct ConstrainWeights: Remedy {
  public static let name = "constrain-weights"
  public static let summary = "a limit on the norm of each unit's weights"
  public static let undoes: [String] = []
  public static let mayHelp = [NumericOverflow.name, OutlierBatch.name]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1.05, risk: "the network may not be able to fit")
  public static let isHot = true

  /// The largest norm that the weights into a unit may have.
  public let limit: Double

  public init(limit: Double) { self.limit = limit }

  /// √2 times the norm that He gives a unit.
  static let tight = 2.0

  /// 4 is the largest limit of the dropout papers.
  public static func candidates(for evidence: Evidence) -> [ConstrainWeights] {
    [4, tight].map(ConstrainWeights.init)
  }

  public func applied(to problem: Problem) -> Recipe? {
    var recipe = problem.recipe
    recipe.regularizer.choices.append(.maxNorm(limit))
    return recipe
  }
}
