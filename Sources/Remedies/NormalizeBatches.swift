import KeelCauses
import KeelRecipes
import KeelTraining

/// Batch normalisation between each hidden layer and its activation.
///
/// In a network of sequences it is layer normalisation, and before each attention too: the times of
/// a batch share no statistics. In another's program it is layer normalisation behind its layers,
/// which needs nothing to be kept.
///
/// However large a layer's weights, what it passes on has unit variance. In a deep plain network it
/// makes gradients grow by itself: ×1.21 a layer with ReLU.
///
/// **References** Ioffe and Szegedy, 2015; Yang et al., ICLR 2019.
public struct NormalizeBatches: Remedy {
  public static let name = "normalize-batches"
  public static let summary = "batch normalisation before each hidden activation"
  public static let undoes = [PoorInitialization.name]
  public static let mayHelp = [
    ExcessiveDepth.name, UnscaledData.name, SteepActivation.name,
  ]
  public static let price = Price(
    invasiveness: 2, timePerStep: 1.3, risk: "depends on the batch; explodes by itself when deep")
  public static let isHot = false

  public init() {}

  public static func candidates(for evidence: Evidence) -> [NormalizeBatches] {
    let isSmall = evidence.recipe.training.batch < 8
    return isSmall ? [] : [NormalizeBatches()]
  }

  public func applied(to problem: Problem) -> Recipe? {
    if let own = problem.recipe.ownModel {
      return own.normalization == .layer
        ? nil : problem.recipe.settingOwnModel { $0.normalization = .layer }
    }
    guard !problem.recipe.leaves.contains(where: { $0.member.isNormalization }) else { return nil }
    let changed = problem.recipe.normalized
    return changed == problem.recipe ? nil : changed
  }
}
