import KeelEngine
import KeelSettings

/// Division of each vector by its root mean square, over the last axis.
///
/// **Definition** y = gain · x/√(mean of x² + epsilon), as PyTorch's `RMSNorm` with that epsilon;
/// the same in training and evaluation.
///
/// **Shapes** Input and output […, features]; gain [features].
///
/// **Effect on gradients** Divides them by the root mean square of the input, and takes away what
/// points along the input.
///
/// **Non-finite values** are counted in the input; the mean square is taken in double, so finite
/// inputs of any size give finite outputs.
///
/// **References** Zhang and Sennrich, *Root mean square layer normalization*, NeurIPS 2019.
public struct RMSNorm: Layer {
  public static let name = "rms-norm"
  public static let summary = "divides each vector by its root mean square"
  public static let fields: [Field<RMSNorm>] = [
    .init("epsilon", \.epsilon, .nonNegative, "added to the mean square")
  ]
  public var epsilon = 1e-5
  public var isNormalization: Bool { true }

  public init() {}

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    try LayerNormKernel.plan(input, Self.name, isCentred: false, epsilon: epsilon, in: &network)
  }
}

extension Choice where F == Layers {
  /// `rms-norm: {epsilon: …}` in a recipe.
  public static func rmsNorm(epsilon: Double = 1e-5) -> Choice {
    var norm = RMSNorm()
    norm.epsilon = epsilon
    return Choice(norm)
  }
}
