import CKernels
import KeelSettings

/// The identity above 0, `slope` times it below.
///
/// **Definition** y = x if x ≥ 0, else slope·x. Applied to each element.
///
/// **Effect on gradients** The slope is 1 or `slope`.
///
/// **Non-finite values** are counted in the input; NaN stays NaN.
public struct LeakyReLU: ElementwiseActivation {
  public static let name = "leaky-relu"
  public static let summary = "x above 0, slope·x below"
  public static let fields: [Field<LeakyReLU>] = [
    .init("slope", \.slope, .any, "slope below 0")
  ]
  /// The slope below 0.
  public var slope = 0.01

  public init() {}

  public func referenceInitializer(_ distribution: Distribution) -> Choice<Initializers> {
    .he(distribution)
  }

  public var kernel: ElementwiseKernel.Functions {
    .init(forward: keel_leaky_relu, backward: keel_leaky_relu_gradient, setting: slope)
  }
}

extension Choice where F: ActivationFamily {
  /// `leaky-relu: {slope: …}` in a recipe.
  public static func leakyReLU(slope: Double = 0.01) -> Choice {
    var activation = LeakyReLU()
    activation.slope = slope
    return Choice(activation)
  }
}
