import KeelData
import KeelEngine
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// The initial weights or biases are too large for their layers, or the weights next to nothing.
///
/// **Definition** The root mean square of a weight's initial values over that of the reference (He,
/// LeCun or Xavier, over the fan-in where that is larger: a layer of two inputs may begin with what
/// one of two hundred may not), the largest of all layers; it deviates above 2. A bias is held
/// against what the weights of its layer may have. Where nothing is too large, the smallest of the
/// hidden layers deviates below 0.3: what begins alike stays alike. Recurrent weights are left to
/// `LongRecurrence`.
///
/// **References** Glorot and Bengio, 2010; He et al., 2015, eq. 10 and 14.
public enum PoorInitialization: Cause {
  public static let name = "poor-initialization"
  public static let summary = "the initial weights are too large or too small for their layers"

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    setting.hasPrefix("init") || ["std", "gain", "weight-scale", "weight-std"].contains(setting)
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    let parameters = parameters(evidence)
    let largest = parameters.max { $0.ratio < $1.ratio }
    if let largest, largest.ratio > ReferencePoint.initialization { return largest.deviation }
    // A last layer that begins with nothing is common, and nothing waits behind it; and nothing
    // explodes for being small.
    guard evidence.explosion == nil else { return nil }
    let hidden = parameters.filter { !$0.isBias }.dropLast()
    return hidden.min { $0.ratio < $1.ratio }
      .flatMap { $0.ratio < ReferencePoint.smallInitialization ? $0.deviation : nil }
  }

  private static func parameters(_ evidence: Evidence) -> [InitialWeight] {
    if let engine = evidence.problem.engine {
      return evidence.recipe.initializer == engine.soundInitializer ? [] : engine.initialWeights
    }
    let sound = evidence.recipe.withSoundWeights
    guard let given = evidence.recipe.initialSizes(evidence.problem),
      let average = sound.initialSizes(evidence.problem),
      let input = sound.overFanIn.initialSizes(evidence.problem)
    else { return [] }
    var references: [String: Double] = [:]
    for index in given.indices where given[index].parameter.role == .weight {
      let reference = max(average[index].rms, input[index].rms)
      references[given[index].parameter.layer] = reference
    }
    return given.compactMap { start in
      // A gain or a normalisation's bias has no weights to be held against.
      guard let reference = references[start.parameter.layer], start.parameter.role != .scale else {
        return nil
      }
      return InitialWeight(
        layer: start.parameter.layer, isBias: start.parameter.role == .bias,
        count: start.parameter.shape.count, rms: start.rms, reference: reference)
    }
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    guard let engine = evidence.problem.engine else { return evidence.recipe.withSoundWeights }
    // Which of its layers are unsound, and how they are mended, is for the engine to say.
    guard !engine.initialWeights.isEmpty else { return nil }
    var recipe = evidence.recipe
    recipe.initializer = engine.soundInitializer
    return recipe
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

extension InitialWeight {
  fileprivate var ratio: Double { rms / reference }

  fileprivate var deviation: Deviation {
    Deviation(
      quantity: "root mean square of initial \(isBias ? "biases" : "weights")", value: rms,
      reference: reference, layer: layer)
  }
}
