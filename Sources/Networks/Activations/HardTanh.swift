import CKernels
import KeelSettings

/// X cut at ±1.
///
/// **Definition** y = min(max(x, −1), 1). Applied to each element.
///
/// **Effect on gradients** The slope is 1 inside, 0 outside.
///
/// **Non-finite values** are counted in the input; NaN stays NaN.
public struct HardTanh: ElementwiseActivation {
  public static let name = "hard-tanh"
  public static let summary = "x cut at ±1"

  public init() {}

  public var targetRange: ClosedRange<Float> { -1...1 }

  public var kernel: ElementwiseKernel.Functions {
    .init(forward: keel_hard_tanh, backward: keel_hard_tanh_gradient, setting: 0)
  }
}

extension Choice where F: ActivationFamily {
  /// `hard-tanh` in a recipe.
  public static var hardTanh: Choice { Choice(HardTanh()) }
}
