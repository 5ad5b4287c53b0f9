import CKernels
import KeelSettings

/// A smooth ReLU.
///
/// **Definition** y = log(1 + exp(beta·x))/beta. Applied to each element.
///
/// **Effect on gradients** The slope is sigmoid(beta·x), below 1.
///
/// **Non-finite values** are counted in the input; NaN stays NaN.
public struct Softplus: ElementwiseActivation {
  public static let name = "softplus"
  public static let summary = "log(1 + exp(beta·x))/beta"
  public static let fields: [Field<Softplus>] = [
    .init("beta", \.beta, .positive, "sharpness of the bend")
  ]
  /// How sharp the bend at 0 is.
  public var beta = 1.0

  public init() {}

  public var kernel: ElementwiseKernel.Functions {
    .init(forward: keel_softplus, backward: keel_softplus_gradient, setting: beta)
  }
}

extension Choice where F: ActivationFamily {
  /// `softplus: {beta: …}` in a recipe.
  public static func softplus(beta: Double = 1.0) -> Choice {
    var activation = Softplus()
    activation.beta = beta
    return Choice(activation)
  }
}
