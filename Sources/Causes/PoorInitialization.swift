import KeelData
import KeelEngine
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// The initial weights are too large for their layers: every layer multiplies what it passes on.
///
/// **Definition** The root mean square of a weight's initial values over that of the reference (He,
/// LeCun or Xavier, over the fan-in where that is larger: a layer of two inputs may begin with what
/// one of two hundred may not), the largest of all layers; it deviates above 2. Recurrent weights
/// are left to `LongRecurrence`.
///
/// **References** Glorot and Bengio, 2010; He et al., 2015, eq. 10 and 14.
public enum PoorInitialization: Cause {
  public static let name = "poor-initialization"
  public static let summary = "the initial weights are too large for their layers"

  public static func deviation(in evidence: Evidence) -> Deviation? {
    let sound = evidence.recipe.withSoundWeights
    guard let given = weights(evidence.recipe, evidence.problem.rows),
      let average = weights(sound, evidence.problem.rows),
      let input = weights(sound.overFanIn, evidence.problem.rows)
    else { return nil }
    let layers = given.indices.map { index in
      (given: given[index], reference: max(average[index].rms, input[index].rms))
    }
    func ratio(_ index: Int) -> Double { layers[index].given.rms / layers[index].reference }
    guard let worst = layers.indices.max(by: { ratio($0) < ratio($1) }),
      ratio(worst) > Reference.initialization
    else { return nil }
    return Deviation(
      quantity: "root mean square of initial weights", value: layers[worst].given.rms,
      reference: layers[worst].reference, layer: layers[worst].given.layer)
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    evidence.recipe.withSoundWeights
  }

  /// The root mean square of each weight as it begins, measured rather than derived, so that it
  /// holds for every initializer.
  private static func weights(
    _ recipe: Recipe, _ parts: DataSplit
  ) -> [(layer: String, rms: Double)]? {
    guard let plan = try? recipe.plan(row: parts.train.shape, capacity: 1) else { return nil }
    return plan.parameters.filter { $0.role == .weight && !$0.isRecurrent }.map { parameter in
      var random = Random(seed: recipe.seed, stream: parameter.name)
      var values = [Float](repeating: 0, count: parameter.shape.count)
      values.withUnsafeMutableBufferPointer { parameter.fill($0, &random) }
      let squares = values.reduce(0.0) { $0 + Double($1) * Double($1) }
      return (parameter.layer, (squares / Double(values.count)).squareRoot())
    }
  }

  /// The layer whose gain is the furthest from 1.
  public static func exhibits(in forecast: Forecast) -> [Exhibit] {
    let finite = forecast.layers.filter { $0.backwardGain.isFinite && $0.backwardGain > 1 }
    return finite.max { $0.backwardGain < $1.backwardGain }.map { layer in
      [
        Exhibit(
          quantity: "factor on the gradient's norm in one layer", measured: layer.backwardGain,
          expected: 1, layer: layer.name, step: 0)
      ]
    } ?? []
  }

  public static let guilty: [Recipe] = [
    network(.normal(std: 1), layers: 6, units: 64),
    network(.normal(std: 0.6), layers: 8, units: 64),
    network(.uniform(1), layers: 8, units: 96),
  ]

  public static let innocent: [Recipe] = [
    network(.he(), layers: 6, units: 64), network(.normal(std: 0.2), layers: 4, units: 32),
  ]

  private static func network(
    _ initializer: Choice<Initializers>, layers: Int, units: Int
  ) -> Recipe {
    Recipe(
      name: "\(initializer.name)-\(layers)x\(units)",
      data: .regression(samples: 512, features: 8, noise: 0.1),
      model: [.repeat(layers, [.dense(units), .relu]), .dense(1)], initializer: initializer,
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.002),
      training: .init(epochs: 30, batch: 32))
  }
}
