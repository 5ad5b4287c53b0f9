import CKernels
import KeelSettings

/// The hyperbolic tangent.
///
/// **Definition** y = tanh x. Applied to each element.
///
/// **Effect on gradients** The slope is at most 1, at 0.
///
/// **Non-finite values** are counted in the input; NaN stays NaN.
public struct Tanh: ElementwiseActivation {
  public static let name = "tanh"
  public static let summary = "the hyperbolic tangent"

  public init() {}

  public var targetRange: ClosedRange<Float> { -1...1 }

  public var kernel: ElementwiseKernel.Functions {
    .init(forward: keel_tanh, backward: keel_tanh_gradient, setting: 0)
  }
}

extension Choice where F: ActivationFamily {
  /// `tanh` in a recipe.
  public static var tanh: Choice { Choice(Tanh()) }
}
