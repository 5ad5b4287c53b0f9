import KeelSettings

/// A penalty on squares: λ·Σw², as Keras's `L2`.
///
/// Its gradient is 2λw: PyTorch's `weight_decay` is 2λ.
public struct L2: Regularizer {
  public static let name = "l2"
  public static let summary = "λ·Σw²"
  public static let fields: [Field<L2>] = [
    .init("lambda", \.lambda, .nonNegative, required: true, "weight of the penalty")
  ]
  /// The factor of Σw².
  public var lambda = 0.0

  public init() {}

  public var penalty: (l1: Double, l2: Double) { (0, lambda) }
}

extension Choice where F == Regularizers {
  /// `l2: {lambda: …}` in a recipe.
  public static func l2(_ lambda: Double) -> Choice {
    var regularizer = L2()
    regularizer.lambda = lambda
    return Choice(regularizer)
  }
}
