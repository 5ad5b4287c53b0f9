import KeelNetworks
import KeelRecipes
import KeelSettings

/// An activation is so steep that gradients grow on their way through it.
///
/// **Definition** √E[φ′(z)²] for a standard normal z, the largest of all activations; it
/// deviates above 1.1. For the exponential it is e = 2.72; for SELU 1.03, for ReLU 0.71.
public enum SteepActivation: Cause {
  public static let name = "steep-activation"
  public static let summary = "an activation is so steep that gradients grow through it"

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    ["activation", "slope"].contains(setting)
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    let slopes = evidence.recipe.activations.filter { isSteep($0, in: evidence) }.compactMap {
      activation in
      activation.rootMeanSquareSlope.map { (slope: $0, name: type(of: activation).name) }
    }
    guard let worst = slopes.max(by: { $0.slope < $1.slope }) else { return nil }
    return Deviation(
      quantity: "slope of the activation", value: worst.slope, reference: ReferencePoint.slope,
      place: worst.name)
  }

  /// ReLU in place of each steep one.
  public static func reset(_ evidence: Evidence) -> Recipe? {
    evidence.recipe.replacingActivations(.relu) { isSteep($0.member, in: evidence) }
  }

  /// Whether an activation is beyond the reference.
  package static func isSteep(_ activation: any Activation) -> Bool {
    (activation.rootMeanSquareSlope ?? 0) > ReferencePoint.slope
  }

  /// What overflowed by itself is left to `NumericOverflow`.
  private static func isSteep(_ activation: any Activation, in evidence: Evidence) -> Bool {
    isSteep(activation) && type(of: activation).name != evidence.overflowing
  }

  public static let guilty: [Recipe] = [
    network(.exponential, layers: 5), network(.exponential, layers: 8),
    network(.leakyReLU(slope: 3), layers: 10),
  ]

  public static let innocent: [Recipe] = [
    network(.elu(), layers: 5), network(.selu, layers: 5), network(.gelu, layers: 5),
  ]

  private static func network(_ activation: Choice<Layers>, layers: Int) -> Recipe {
    Recipe(
      name: "\(activation.name)-\(layers)",
      data: .spirals(samples: 600, classes: 3, noise: 0.05),
      model: [.repeat(layers, [.dense(24), activation]), .dense(3)], initializer: .he(),
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.01),
      training: .init(epochs: 60, batch: 32))
  }
}
