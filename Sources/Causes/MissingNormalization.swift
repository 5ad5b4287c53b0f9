import Foundation
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// The last layer is fed by a sum of residual blocks that nothing brings back to unit size.
///
/// **Definition** The size, after the last residual block, of a signal of unit size, reckoned from
/// how many blocks add to it since the last normalisation: √2 a block without a normalisation of
/// its own, one unit of variance for a block with one. It deviates above 3, where only layers
/// without normalisation stand between the last block and the output, and the network is not too
/// deep by `ExcessiveDepth`. The reset puts a layer normalisation before the last layer.
///
/// **References** Xiong et al., *On layer normalization in the transformer architecture*, ICML
/// 2020: a network of pre-normalised blocks ends in a normalisation.
public enum MissingNormalization: Cause {
  public static let name = "missing-normalization"
  public static let summary = "a sum of residual blocks reaches the last layer unnormalised"

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    ["norm", "normalization", "batch-norm", "layer-norm"].contains(setting)
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    // What unnormalised blocks multiply is too deep a network before it is too large a sum.
    guard ExcessiveDepth.deviation(in: evidence) == nil else { return nil }
    let size = evidence.recipe.model.residualSize
    guard size > ReferencePoint.residualSum, evidence.recipe.normalizingOutput != nil else {
      return nil
    }
    return Deviation(
      quantity: "size of the residual sum before the last layer", value: size, reference: 1)
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    deviation(in: evidence) == nil ? evidence.recipe : evidence.recipe.normalizingOutput
  }

  public static let guilty: [Recipe] = [blocks(14), blocks(24, units: 24)]

  public static let innocent: [Recipe] = [blocks(2), blocks(14, rate: 0.0003)]

  private static func blocks(_ times: Int, rate: Double = 0.01, units: Int = 16) -> Recipe {
    Recipe(
      name: "blocks-\(times)-\(rate)", data: .regression(samples: 256, features: 8, noise: 0.1),
      model: [
        .dense(units), .repeat(times, [.residual([.layerNorm(), .dense(units), .relu])]),
        .dense(1),
      ], initializer: .he(), loss: .meanSquaredError, optimizer: .sgd(learningRate: rate),
      training: .init(epochs: 40, batch: 32))
  }
}
