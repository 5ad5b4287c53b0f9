import CKernels
import KeelSettings

/// Scaled ELU, which keeps mean 0 and variance 1.
///
/// **Definition** y = 1.0507·(x if x > 0, else 1.6733·(exp x − 1)). Applied to each element.
///
/// **Effect on gradients** With LeCun initialisation its fixed point is mean 0, variance 1.
///
/// **Non-finite values** are counted in the input; NaN stays NaN.
public struct SELU: ElementwiseActivation {
  public static let name = "selu"
  public static let summary = "scaled ELU, which keeps mean 0 and variance 1"

  public init() {}

  public func referenceInitializer(_ distribution: Distribution) -> Choice<Initializers> {
    .lecun(distribution)
  }

  public var kernel: ElementwiseKernel.Functions {
    .init(forward: keel_selu, backward: keel_selu_gradient, setting: 0)
  }
}

extension Choice where F: ActivationFamily {
  /// `selu` in a recipe.
  public static var selu: Choice { Choice(SELU()) }
}
