import KeelSettings

/// Both penalties: l1·Σ|w| + l2·Σw², as Keras's `L1L2`.
public struct ElasticNet: Regularizer {
  public static let name = "elastic-net"
  public static let summary = "l1·Σ|w| + l2·Σw²"
  public static let fields: [Field<ElasticNet>] = [
    .init("l1", \.l1, .nonNegative, required: true, "weight of the magnitudes"),
    .init("l2", \.l2, .nonNegative, required: true, "weight of the squares"),
  ]
  /// The factor of Σ|w|.
  public var l1 = 0.0
  /// The factor of Σw².
  public var l2 = 0.0

  public init() {}

  public var penalty: (l1: Double, l2: Double) { (l1, l2) }
}

extension Choice where F == Regularizers {
  /// `elastic-net: {l1: …, l2: …}` in a recipe.
  public static func elasticNet(l1: Double, l2: Double) -> Choice {
    var regularizer = ElasticNet()
    (regularizer.l1, regularizer.l2) = (l1, l2)
    return Choice(regularizer)
  }
}
