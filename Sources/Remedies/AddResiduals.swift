import KeelCauses
import KeelRecipes
import KeelTraining

/// A path around each block of layers that keeps its width, the blocks' weights made small; where
/// there are such paths already, only that.
///
/// The signal and its gradient go around the blocks unchanged. N blocks of unit size would still
/// double the variance each; begun at 1/√N of the reference's deviation they make (1 + 1/N)ᴺ < e of
/// it in all. A block with a normalisation has that size whatever its weights: the path goes from
/// one layer with weights to the next, so that each block ends in fresh weights and adds 1 to the
/// variance. Behind a ReLU it would add its mean as well, N times over.
///
/// **References** He et al., CVPR 2016; He et al., *Identity mappings in deep residual networks*,
/// ECCV 2016; Radford et al., *Language models are unsupervised multitask learners*, 2019, §2.3;
/// Zhang et al., *Fixup initialization*, ICLR 2019.
public struct AddResiduals: Remedy {
  public static let name = "add-residuals"
  public static let summary = "a path around each block that keeps its width"
  public static let undoes = [ExcessiveDepth.name]
  public static let price = Price(
    invasiveness: 2, timePerStep: 1.1, risk: "another function is learnt, at first nearly linear")
  public static let isHot = false

  public init() {}

  public static func candidates(for evidence: Evidence) -> [AddResiduals] { [AddResiduals()] }

  public func applied(to problem: Problem) -> Recipe? {
    let recipe = problem.recipe
    guard let scale = recipe.residualScale else { return nil }
    let changed = recipe.referencePoint.withResiduals(scale: scale)
    return changed == recipe ? nil : changed
  }
}
