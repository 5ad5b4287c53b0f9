import Foundation
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// The optimizer keeps so much of the past that it runs on long after the gradient has turned, or
/// so little that it does not know how large gradients are.
///
/// **Definition** Momentum, beta1, beta2 or rho, whichever is furthest outside what healthy
/// trainings have (`Optimizer.retentions`), by the steps that it remembers, 1/(1 − share). A
/// momentum of 1 is left to `AccumulatedGradients`.
///
/// **References** Sutskever et al., *On the importance of initialization and momentum in deep
/// learning*, ICML 2013: 0.9 to 0.99, and with a rate that goes down as it goes up.
public enum ExcessiveMomentum: Cause {
  public static let name = "excessive-momentum"
  public static let summary = "the optimizer keeps far more of the past than is usual, or far less"

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    isAbove == true
      && ["momentum", "beta1", "beta2", "beta-1", "beta-2", "rho"].contains(setting)
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    unusual(evidence).map(\.deviation).max { $0.decades < $1.decades }
  }

  public static func parts(of evidence: Evidence) -> [(deviation: Deviation, reset: Recipe)] {
    let unusual = unusual(evidence)
    return unusual.count < 2
      ? []
      : unusual.map { ($0.deviation, evidence.recipe.changingOptimizer([$0.name: $0.reference])) }
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    let references = unusual(evidence).map { ($0.name, $0.reference) }
    return evidence.recipe.changingOptimizer(Dictionary(uniqueKeysWithValues: references))
  }

  private static func unusual(
    _ evidence: Evidence
  ) -> [(name: String, reference: Double, deviation: Deviation)] {
    let optimizer = evidence.recipe.optimizer
    return optimizer.ingredient.numbers.compactMap { setting in
      guard let retention = type(of: optimizer.member).retentions[setting.name],
        !retention.usual.contains(setting.value), setting.value < 1
      else { return nil }
      let decades = abs(log10((1 - retention.reference) / (1 - setting.value)))
      let deviation = Deviation(
        quantity: setting.name, value: setting.value, reference: retention.reference,
        place: "optimizer.\(optimizer.name).\(setting.name)", decades: decades)
      return (setting.name, retention.reference, deviation)
    }.sorted { $0.deviation.decades > $1.deviation.decades }
  }

  public static let guilty: [Recipe] = [
    regression(.sgd(learningRate: 0.01, momentum: 0.999)),
    regression(.sgd(learningRate: 0.008, momentum: 0.998)),
    regression(.sgd(learningRate: 0.01, momentum: 0.9995)),
  ]

  public static let innocent: [Recipe] = [
    regression(.sgd(learningRate: 0.01, momentum: 0.9)),
    regression(.sgd(learningRate: 0.001, momentum: 0.97)),
  ]

  private static func regression(_ optimizer: Choice<Optimizers>) -> Recipe {
    Recipe(
      name: "momentum-\(optimizer.written?[optimizer.name]?["momentum"]?.number ?? 0)",
      data: .regression(samples: 400, features: 8, noise: 0.1, test: .fraction(0.2)),
      standardize: .both, model: [.dense(32), .tanh, .dense(1)], loss: .meanSquaredError,
      optimizer: optimizer, training: .init(epochs: 40, batch: 16))
  }
}
