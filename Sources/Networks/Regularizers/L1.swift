import KeelSettings

/// A penalty on magnitudes: λ·Σ|w|, as Keras's `L1`.
///
/// Its gradient is λ·sign(w); 0 at 0.
public struct L1: Regularizer {
  public static let name = "l1"
  public static let summary = "λ·Σ|w|"
  public static let fields: [Field<L1>] = [
    .init("lambda", \.lambda, .nonNegative, required: true, "weight of the penalty")
  ]
  /// The factor of Σ|w|.
  public var lambda = 0.0

  public init() {}

  public var penalty: (l1: Double, l2: Double) { (lambda, 0) }
}

extension Choice where F == Regularizers {
  /// `l1: {lambda: …}` in a recipe.
  public static func l1(_ lambda: Double) -> Choice {
    var regularizer = L1()
    regularizer.lambda = lambda
    return Choice(regularizer)
  }
}
