import CKernels
import KeelSettings

/// X·Φ(x), exact.
///
/// **Definition** y = x·Φ(x), Φ the normal distribution function (the exact form, not the tanh
/// one). Applied to each element.
///
/// **Effect on gradients** The slope is at most 1.13.
///
/// **Non-finite values** are counted in the input; NaN stays NaN.
public struct GELU: ElementwiseActivation {
  public static let name = "gelu"
  public static let summary = "x·Φ(x), exact"

  public init() {}

  public func referenceInitializer(_ distribution: Distribution) -> Choice<Initializers> {
    .he(distribution)
  }

  public var kernel: ElementwiseKernel.Functions {
    .init(forward: keel_gelu, backward: keel_gelu_gradient, setting: 0)
  }
}

extension Choice where F: ActivationFamily {
  /// `gelu` in a recipe.
  public static var gelu: Choice { Choice(GELU()) }
}
