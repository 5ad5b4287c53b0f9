import KeelSettings

/// Xavier (Glorot) initialisation.
///
/// **Definition** Variance 1/fan, the fan by default the average of in and out, times `scale`².
///
/// **Effect on gradients** Keeps the gradient's variance where activations are linear around 0;
/// through ReLU it halves it.
///
/// **References** Glorot and Bengio, *Understanding the difficulty of training deep feedforward
/// neural networks*, 2010.
public struct Xavier: VarianceScaling {
  public static let name = "xavier"
  public static let aliases: [String] = ["glorot"]
  public static let summary = "variance 1/fan-average"
  public static let gain = 1.0
  /// Of what shape, at the same variance.
  public var distribution = Distribution.normal
  /// Which fan the variance is divided by.
  public var mode = FanMode.fanAverage
  /// A factor on the deviation.
  public var scale = 1.0

  public init() {}
}

extension Choice where F == Initializers {
  /// `xavier: {distribution: …, mode: …, scale: …}` in a recipe.
  public static func xavier(
    _ distribution: Distribution = .normal, mode: FanMode = .fanAverage, scale: Double = 1
  ) -> Choice { Choice(Xavier(distribution, mode, scale)) }
}
