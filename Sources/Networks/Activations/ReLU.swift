import CKernels
import KeelSettings

/// Max(0, x).
///
/// **Definition** y = x if x > 0, else 0; the slope at 0 is 0. Applied to each element.
///
/// **Effect on gradients** Halves the squared norm where the input is symmetric: He initialisation
/// makes up for it.
///
/// **Non-finite values** are counted in the input; NaN stays NaN.
public struct ReLU: ElementwiseActivation {
  public static let name = "relu"
  public static let summary = "max(0, x)"

  public init() {}

  public func referenceInitializer(_ distribution: Distribution) -> Choice<Initializers> {
    .he(distribution)
  }

  public var kernel: ElementwiseKernel.Functions {
    .init(forward: keel_relu, backward: keel_relu_gradient, setting: 0)
  }
}

extension Choice where F: ActivationFamily {
  /// `relu` in a recipe.
  public static var relu: Choice { Choice(ReLU()) }
}
