import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// Dropout leaves so little of a layer that what is left is noise.
///
/// **Definition** The rate of a dropout layer, the largest of all; it deviates above 0.8. What is
/// kept is multiplied by 1/(1 − rate): at 0.97 by 33, and its variance with it. The reset brings
/// those above it to 0.5.
///
/// **References** Srivastava et al., *Dropout*, JMLR 2014, §7.3: rates from 0.2 to 0.6 do best.
public enum ExcessiveDropout: Cause {
  public static let name = "excessive-dropout"
  public static let summary = "dropout leaves so little that nothing can be learnt from it"

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    isAbove == true && ["dropout", "dropout-rate", "drop"].contains(setting)
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    let rates = evidence.recipe.numbers.filter { $0.ingredient is Dropout }
    guard let worst = rates.max(by: { $0.value < $1.value }),
      worst.value > ReferencePoint.mostDropout
    else { return nil }
    let (kept, reference) = (1 - worst.value, 1 - ReferencePoint.dropout)
    return Deviation(
      quantity: "share that dropout drops", value: worst.value, reference: ReferencePoint.dropout,
      place: worst.path, decades: Deviation.decades(kept, reference))
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    evidence.recipe.changingNumbers { setting in
      setting.ingredient is Dropout && setting.value > ReferencePoint.mostDropout
        ? ReferencePoint.dropout : setting.value
    }
  }

  public static let guilty: [Recipe] = [
    spirals(0.985, .relu), spirals(0.99, .tanh),
  ]

  public static let innocent: [Recipe] = [spirals(0.3, .relu), spirals(0.5, .tanh)]

  private static func spirals(_ rate: Double, _ activation: Choice<Layers>) -> Recipe {
    Recipe(
      name: "dropout-\(rate)-\(activation.name)",
      data: .spirals(samples: 600, classes: 3, noise: 0.05),
      model: [.dense(64), activation, .dropout(rate), .dense(3)], initializer: .he(),
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.01),
      training: .init(epochs: 40, batch: 32))
  }
}
