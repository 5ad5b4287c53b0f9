import KeelSettings

/// He (Kaiming) initialisation.
///
/// **Definition** Variance 2/fan, the fan by default fan-in, times `scale`².
///
/// **Effect on gradients** Keeps the gradient's variance through ReLU layers: the activation halves
/// it, the gain doubles it.
///
/// **References** He et al., *Delving deep into rectifiers*, ICCV 2015, eq. 10.
public struct He: VarianceScaling {
  public static let name = "he"
  public static let aliases: [String] = ["kaiming"]
  public static let summary = "variance 2/fan-in"
  public static let gain = 2.0
  /// Of what shape, at the same variance.
  public var distribution = Distribution.normal
  /// Which fan the variance is divided by.
  public var mode = FanMode.fanIn
  /// A factor on the deviation.
  public var scale = 1.0

  public init() {}
}

extension Choice where F == Initializers {
  /// `he: {distribution: …, mode: …, scale: …}` in a recipe.
  public static func he(
    _ distribution: Distribution = .normal, mode: FanMode = .fanIn, scale: Double = 1
  ) -> Choice { Choice(He(distribution, mode, scale)) }
}
