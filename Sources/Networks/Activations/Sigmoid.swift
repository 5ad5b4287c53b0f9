import CKernels
import KeelSettings

/// 1/(1 + exp −x).
///
/// **Definition** y = 1/(1 + exp −x). Applied to each element.
///
/// **Effect on gradients** The slope is at most 1/4: gradients vanish over many layers.
///
/// **Non-finite values** are counted in the input; NaN stays NaN.
public struct Sigmoid: ElementwiseActivation {
  public static let name = "sigmoid"
  public static let summary = "1/(1 + exp −x)"

  public init() {}

  public var targetRange: ClosedRange<Float> { 0...1 }

  public var kernel: ElementwiseKernel.Functions {
    .init(forward: keel_sigmoid, backward: keel_sigmoid_gradient, setting: 0)
  }
}

extension Choice where F: ActivationFamily {
  /// `sigmoid` in a recipe.
  public static var sigmoid: Choice { Choice(Sigmoid()) }
}
