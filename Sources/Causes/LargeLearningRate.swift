import KeelForecast
import KeelRecipes
import KeelSettings
import KeelTraining

/// The learning rate is too high: updates overshoot, and gradients grow with them.
///
/// **Definition** The optimizer's rate; it deviates above 0.01 for SGD and Adagrad, 0.001 for the
/// kinds of Adam and RMSprop, 1 for Adadelta. See `Guides/Causes/LargeLearningRate.md`.
///
/// **References** Cohen et al., *Gradient descent on neural networks typically occurs at the edge
/// of stability*, ICLR 2021.
public enum LargeLearningRate: Cause {
  public static let name = "large-learning-rate"
  public static let summary = "the learning rate is too high: every update overshoots further"

  /// What programs call a learning rate.
  static let names = ["learning-rate", "lr", "eta", "step-size", "base-lr", "max-lr"]

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    isAbove == true && names.contains(setting)
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    let optimizer = evidence.recipe.optimizer.member
    let reference = ReferencePoint.learningRate(optimizer)
    guard optimizer.learningRate > reference else { return nil }
    return Deviation(
      quantity: "learning rate", value: optimizer.learningRate, reference: reference)
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    let optimizer = evidence.recipe.optimizer.member
    return evidence.recipe.withLearningRate(
      min(optimizer.learningRate, ReferencePoint.learningRate(optimizer)))
  }

  /// How far it is beyond the largest rate that forty steps held.
  public static func exhibits(in forecast: Forecast) -> [Exhibit] {
    forecast.learningRate.limit.map { limit in
      [
        Exhibit(
          quantity: "learning rate, against the largest that forty steps hold",
          measured: forecast.learningRate.current, expected: limit)
      ]
    } ?? []
  }

  public static let guilty: [Recipe] = [
    regression(rate: 1), regression(rate: 10), regression(rate: 1, momentum: 0.9),
  ]

  public static let innocent: [Recipe] = [
    regression(rate: 0.05), regression(rate: 0.01, momentum: 0.9),
  ]

  private static func regression(rate: Double, momentum: Double = 0) -> Recipe {
    Recipe(
      name: "rate-\(rate)", data: .regression(samples: 256, features: 8, noise: 0.1),
      model: [.dense(16), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: rate, momentum: momentum),
      training: .init(epochs: 50, batch: 32))
  }
}
