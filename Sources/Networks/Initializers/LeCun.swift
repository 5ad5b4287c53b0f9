import KeelSettings

/// LeCun initialisation.
///
/// **Definition** Variance 1/fan, the fan by default fan-in, times `scale`².
///
/// **Effect on gradients** Keeps the variance of linear layers; what SELU is made for.
///
/// **References** LeCun et al., *Efficient backprop*, 1998; Klambauer et al., 2017.
public struct LeCun: VarianceScaling {
  public static let name = "lecun"
  public static let summary = "variance 1/fan-in"
  public static let gain = 1.0
  /// Of what shape, at the same variance.
  public var distribution = Distribution.normal
  /// Which fan the variance is divided by.
  public var mode = FanMode.fanIn
  /// A factor on the deviation.
  public var scale = 1.0

  public init() {}
}

extension Choice where F == Initializers {
  /// `lecun: {distribution: …, mode: …, scale: …}` in a recipe.
  public static func lecun(
    _ distribution: Distribution = .normal, mode: FanMode = .fanIn, scale: Double = 1
  ) -> Choice { Choice(LeCun(distribution, mode, scale)) }
}
