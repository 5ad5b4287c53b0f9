import CKernels
import KeelSettings

/// The exponential function.
///
/// **Definition** y = exp x, as Keras's `exponential`. Applied to each element.
///
/// **Effect on gradients** The slope is the value itself: steep wherever the input is large.
///
/// **Non-finite values** are counted in the input; NaN stays NaN.
public struct Exponential: ElementwiseActivation {
  public static let name = "exponential"
  public static let summary = "exp x"

  public init() {}

  public var kernel: ElementwiseKernel.Functions {
    .init(forward: keel_exponential, backward: keel_exponential_gradient, setting: 0)
  }
}

extension Choice where F: ActivationFamily {
  /// `exponential` in a recipe.
  public static var exponential: Choice { Choice(Exponential()) }
}
