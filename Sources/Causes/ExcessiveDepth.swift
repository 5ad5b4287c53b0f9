import Foundation
import KeelEngine
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// Too many layers in a row: the chain rule multiplies a gain above 1 once per layer.
///
/// **Definition** Layers with weights in a row, the longest run without a normalisation or a path
/// around them; or, where that is more, what normalisations and residual blocks let through: the
/// doublings of the gradient's square by theory, at most one for each of them. It deviates above
/// 10. An unscaled He block doubles it, one begun at 1/√N adds 1.44/N, batch normalisation before a
/// ReLU makes 0.55. See `Guides/Causes/ExcessiveDepth.md`.
///
/// **References** Bengio et al., *Learning long-term dependencies with gradient descent is
/// difficult*, 1994; Yang et al., *A mean field theory of batch normalization*, ICLR 2019; Zhang et
/// al., *Fixup initialization*, ICLR 2019.
public enum ExcessiveDepth: Cause {
  public static let name = "excessive-depth"
  public static let summary = "too many layers in a row multiply a gain above 1"

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    isAbove == true && ["depth", "layers", "num-layers", "n-layers"].contains(setting)
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    let recipe = evidence.recipe
    let (layers, doublings) = (
      Double(recipe.model.longestChain), recipe.doublings(row: evidence.problem.rows.train.shape)
    )
    guard max(layers, doublings) > Double(ReferencePoint.depth) else { return nil }
    return Deviation(
      quantity: layers >= doublings
        ? "layers in a row" : "doublings of the gradient's square, block by block",
      value: max(layers, doublings), reference: Double(ReferencePoint.depth))
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    evidence.recipe.shortened(to: ReferencePoint.depth, row: evidence.problem.rows.train.shape)
  }

  /// How much the gradient grows from the last layer to the first, and whether batch normalisation
  /// does most of it.
  public static func exhibits(in forecast: Forecast) -> [Exhibit] {
    let growth = forecast.gradientGrowth
    guard growth > 0 else { return [] }
    var exhibits = [
      Exhibit(
        quantity: "decades the gradient grows from the last layer to the first",
        measured: growth, expected: 0, step: 0)
    ]
    if let norms = forecast.batchNormGrowth, norms > growth / 2 {
      exhibits.append(
        Exhibit(
          quantity: "decades of it by batch normalisation itself, which residual connections end",
          measured: norms, expected: 0, step: 0))
    }
    return exhibits
  }

  public static let guilty: [Recipe] = [
    linear(layers: 80, scale: 1.3), linear(layers: 120, scale: 1.4),
    blocks(60, "residual", .residual([.relu, .dense(16, initializer: .he())])),
  ]

  public static let innocent: [Recipe] = [
    linear(layers: 6, scale: 1.3), linear(layers: 14, scale: 1),
    blocks(60, "scaled-residual", .residual([.relu, .dense(16, initializer: .he(scale: 0.13))])),
    blocks(60, "normalized-residual", .residual([.batchNorm(), .relu, .dense(16)])),
  ]

  /// Every layer multiplies by `scale`: less than the initialisation is allowed to be off.
  private static func linear(layers: Int, scale: Double) -> Recipe {
    Recipe(
      name: "linear-\(layers)-\(scale)",
      data: .regression(samples: 256, features: 16, noise: 0.1),
      model: [.repeat(layers, [.dense(16)]), .dense(1)],
      initializer: .orthogonal(gain: scale), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0.0005), training: .init(epochs: 200, batch: 32))
  }

  private static func blocks(_ times: Int, _ kind: String, _ block: Choice<Layers>) -> Recipe {
    Recipe(
      name: "\(kind)-\(times)", data: .spirals(samples: 600, classes: 3),
      model: [.dense(16), .repeat(times, [block]), .dense(3)], initializer: .he(),
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.01),
      training: .init(epochs: 40, batch: 32))
  }
}

extension Recipe {
  /// Doublings of the gradient's square, by what normalisations and residual blocks do not keep
  /// back; of each at most one.
  fileprivate func doublings(row: Shape) -> Double {
    guards(row: row).reduce(0) { $0 + min(1, max(0, $1.logGain / log(2))) }
  }

  /// The same recipe with less of what it repeats, until it is no deeper than `depth` layers with
  /// weights in a row, as `ExcessiveDepth` counts them; nil where nothing that is repeated can be
  /// left out.
  /// - Parameter row: the shape of a row of its data.
  public func shortened(to depth: Int, row: Shape) -> Recipe? {
    shortened(to: depth)?.shortened { $0.doublings(row: row) <= Double(depth) }
  }
}
