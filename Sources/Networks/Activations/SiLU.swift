import CKernels
import KeelSettings

/// X·sigmoid(x).
///
/// **Definition** y = x/(1 + exp −x). Applied to each element.
///
/// **Effect on gradients** The slope is at most 1.10.
///
/// **Non-finite values** are counted in the input; NaN stays NaN.
public struct SiLU: ElementwiseActivation {
  public static let name = "silu"
  public static let summary = "x·sigmoid(x)"

  public init() {}

  public func referenceInitializer(_ distribution: Distribution) -> Choice<Initializers> {
    .he(distribution)
  }

  public var kernel: ElementwiseKernel.Functions {
    .init(forward: keel_silu, backward: keel_silu_gradient, setting: 0)
  }
}

extension Choice where F: ActivationFamily {
  /// `silu` in a recipe.
  public static var silu: Choice { Choice(SiLU()) }
}
