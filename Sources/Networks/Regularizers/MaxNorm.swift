import CKernels
import KeelSettings

/// A limit on the norm of the weights into each unit, enforced after every update.
///
/// **Definition** w ← w·limit/‖w‖ for each row of [units, fan-in] whose norm exceeds the limit, as
/// Keras's `MaxNorm` over the incoming weights.
///
/// **References** Srebro and Shraibman, *Rank, trace-norm and max-norm*, COLT 2005.
public struct MaxNorm: Regularizer {
  public static let name = "max-norm"
  public static let summary = "a limit on the norm of each unit's weights"
  public static let fields: [Field<MaxNorm>] = [
    .init("limit", \.limit, .positive, required: true, "the largest norm")
  ]
  /// The largest norm of the weights into one unit.
  public var limit = 1.0

  public init() {}

  public var penalty: (l1: Double, l2: Double) { (0, 0) }

  public func constrain(_ weights: UnsafeMutablePointer<Float>, rows: Int, columns: Int) {
    keel_limit_row_norms(weights, rows, columns, Float(limit))
  }
}

extension Choice where F == Regularizers {
  /// `max-norm: {limit: …}` in a recipe.
  public static func maxNorm(_ limit: Double) -> Choice {
    var regularizer = MaxNorm()
    regularizer.limit = limit
    return Choice(regularizer)
  }
}
