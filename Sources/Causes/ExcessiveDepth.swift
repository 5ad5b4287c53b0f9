import KeelForecast
import KeelRecipes
import KeelTraining

/// Too many layers in a row: the chain rule multiplies a gain above 1 once per layer.
///
/// **Definition** Layers with weights in a row, without a normalisation between them or a path around
/// them; it deviates above 10.
///
/// **References** Bengio et al., *Learning long-term dependencies with gradient descent is difficult*,
/// 1994.
public enum ExcessiveDepth: Cause {
  public static let name = "excessive-depth"
  public static let summary = "too many layers in a row multiply a gain above 1"

  public static func deviation(in subject: Subject) -> Deviation? {
    let depth = subject.recipe.model.longestChain
    guard depth > Reference.depth else { return nil }
    return Deviation(
      quantity: "layers in a row", value: Double(depth), reference: Double(Reference.depth))
  }

  public static func reset(_ subject: Subject) -> Subject? {
    subject.recipe.shortened(to: Reference.depth).map(subject.with)
  }

  /// How much the gradient grows from the last layer to the first.
  public static func exhibits(in forecast: Forecast) -> [Exhibit] {
    guard forecast.gradientGrowth > 0 else { return [] }
    return [
      Exhibit(
        quantity: "decades the gradient grows from the last layer to the first",
        measured: forecast.gradientGrowth, expected: 0, step: 0)
    ]
  }

  public static let guilty: [Recipe] = [
    linear(layers: 80, scale: 1.3), linear(layers: 120, scale: 1.4),
  ]

  public static let innocent: [Recipe] = [
    linear(layers: 6, scale: 1.3), linear(layers: 14, scale: 1),
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
}
