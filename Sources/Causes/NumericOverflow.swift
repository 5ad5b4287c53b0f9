import KeelNetworks
import KeelRecipes
import KeelSettings

/// One operation leaves float32 although what it is given is ordinary.
///
/// **Definition** An activation whose value is infinite somewhere within ±10⁴ (of the standard ones
/// the exponential: e^88.8 is too large for float32), and which is the first thing that overflowed,
/// in the first place it stands in. What happened decides: without an explosion on record nothing
/// deviates. An exponential behind another one is fed by what that one made, and is growth through
/// layers, which is `SteepActivation`. In an engine's training it is a root or a logarithm of zero:
/// the one has an infinite slope there, the other no value. See `Guides/Causes/NumericOverflow.md`.
///
/// **References** Goldberg, *What every computer scientist should know about floating-point
/// arithmetic*, 1991; Blanchard, Higham and Higham, *Accurately computing the log-sum-exp and
/// softmax functions*, 2021.
public enum NumericOverflow: Cause {
  public static let name = "numeric-overflow"
  public static let summary = "one operation leaves float32 although its input is ordinary"

  /// Inputs up to this are ordinary: a thousand units of size 10 add up to no more.
  static let ordinary: Float = 1e4

  /// What an engine calls a root or a logarithm of zero.
  private static let operations = ["root", "logarithm"]

  public static func deviation(in evidence: Evidence) -> Deviation? {
    guard evidence.problem.engine == nil else { return deviation(ofEngine: evidence) }
    guard let name = evidence.overflowing else { return nil }
    return Deviation(
      quantity: "ordinary input, against the largest that \(name) bears", value: Double(ordinary),
      reference: bearable(name, in: evidence.recipe), layer: evidence.explosion?.place)
  }

  /// A number next to zero stands for it where deviations are ranked.
  private static func deviation(ofEngine evidence: Evidence) -> Deviation? {
    guard evidence.recipe.ownModel?.domains == .own, let explosion = evidence.explosion,
      let operation = explosion.operation, operations.contains(operation)
    else { return nil }
    return Deviation(
      quantity: "least number that a \(operation) was given", value: 0,
      reference: operation == "root" ? ReferencePoint.leastOfRoot : ReferencePoint.leastOfLogarithm,
      place: explosion.place)
  }

  /// Softplus in place of it: as smooth, as positive, close to it below zero, and linear above.
  public static func reset(_ evidence: Evidence) -> Recipe? {
    guard evidence.problem.engine == nil else {
      return evidence.recipe.settingOwnModel { $0.domains = .bounded }
    }
    guard let name = evidence.overflowing else { return evidence.recipe }
    return evidence.recipe.replacingActivations(.softplus()) { $0.name == name }
  }

  /// Whether an activation overflows for an ordinary input.
  static func overflows(_ activation: any Activation) -> Bool {
    activation.elementwise.map { !isBearable(ordinary, $0) } ?? false
  }

  private static func isBearable(_ input: Float, _ function: ElementwiseKernel.Functions) -> Bool {
    function.values(at: [-input, input]).allSatisfy(\.isFinite)
  }

  /// The largest input of either sign for which the activation's value is finite.
  private static func bearable(_ name: String, in recipe: Recipe) -> Double {
    guard
      let function = recipe.activations.first(where: { type(of: $0).name == name })?.elementwise
    else { return Double(ordinary) }
    var (low, high) = (Float(0), ordinary)
    for _ in 0..<40 {
      let middle = (low + high) / 2
      if isBearable(middle, function) { low = middle } else { high = middle }
    }
    return Double(low)
  }

  public static let guilty: [Recipe] = [
    network([.dense(32, activation: .exponential), .dense(1)]),
    network([.dense(64), .relu, .dense(64), .exponential, .dense(1)]),
    network([
      .repeat(2, [.dense(64), .relu]), .dense(64), .exponential, .dense(16), .relu, .dense(1),
    ]),
  ]

  public static let innocent: [Recipe] = [
    network([.dense(32), .softplus(), .dense(1)]),
    network([
      .dense(8), .tanh, .dense(8, initializer: .xavier(scale: 0.3)), .exponential, .dense(1),
    ]),
  ]

  private static func network(_ model: [Choice<Layers>]) -> Recipe {
    Recipe(
      name: model.map(\.name).joined(separator: "-"),
      data: .regression(samples: 512, features: 16, noise: 0.1, test: .fraction(0.2)),
      model: model, initializer: .he(), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0.01),
      training: .init(epochs: 40, batch: 32))
  }
}

extension Evidence {
  /// The kind of activation that overflowed before anything else did, in the first place it stands
  /// in; nil where the explosion was another, or is not known.
  var overflowing: String? {
    guard let explosion, explosion.pass == .forward, explosion.origin == .overflow else {
      return nil
    }
    let names = recipe.activations.filter(NumericOverflow.overflows).map { type(of: $0).name }
    guard let name = names.first(where: { "\($0)-1" == explosion.place }) else { return nil }
    // An output that does not fit its loss is a cause of its own.
    let isOutput =
      names.count == 1 && recipe.leaves.last?.activation.map { type(of: $0).name } == name
    return isOutput && !MismatchedLoss.isMatched(self) ? nil : name
  }
}
