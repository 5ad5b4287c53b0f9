import CKernels
import KeelSettings

/// X above 0, alpha(exp x − 1) below.
///
/// **Definition** y = x if x > 0, else alpha·(exp x − 1). Applied to each element.
///
/// **Effect on gradients** The slope is at most max(1, alpha).
///
/// **Non-finite values** are counted in the input; NaN stays NaN.
public struct ELU: ElementwiseActivation {
  public static let name = "elu"
  public static let summary = "x above 0, alpha(exp x − 1) below"
  public static let fields: [Field<ELU>] = [
    .init("alpha", \.alpha, .positive, "limit for large negative inputs")
  ]
  /// What the negative side tends to, with its sign changed.
  public var alpha = 1.0

  public init() {}

  public func referenceInitializer(_ distribution: Distribution) -> Choice<Initializers> {
    .he(distribution)
  }

  public var kernel: ElementwiseKernel.Functions {
    .init(forward: keel_elu, backward: keel_elu_gradient, setting: alpha)
  }
}

extension Choice where F: ActivationFamily {
  /// `elu: {alpha: …}` in a recipe.
  public static func elu(alpha: Double = 1.0) -> Choice {
    var activation = ELU()
    activation.alpha = alpha
    return Choice(activation)
  }
}
