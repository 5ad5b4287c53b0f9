import CKernels
import KeelSettings

/// The mean of squared differences.
///
/// **Definition** Σ (y − t)²/(rows·columns), as PyTorch's `MSELoss` and Keras's.
///
/// **Effect on gradients** They grow with the difference, without limit: targets in the hundreds
/// give gradients in the hundreds.
///
/// **Non-finite values** Outputs are looked at; squares are taken in double and do not overflow.
public struct MeanSquaredError: Loss {
  public static let name = "mean-squared-error"
  public static let summary = "mean of squared differences"

  public init() {}

  public func sum(_ batch: LossBatch, scale: Float) -> LossSum {
    LossSum(keel_squared_error(batch.outputs, batch.targets, batch.gradient, batch.count, scale))
  }

  /// The best constant is each column's mean.
  public func constantLoss(_ targets: [Float], columns: Int) -> Double {
    let rows = Double(targets.count / columns)
    let means = columnSums(targets, columns: columns).map { $0 / rows }
    var total = 0.0
    for (index, value) in targets.enumerated() {
      let deviation = Double(value) - means[index % columns]
      total += deviation * deviation
    }
    return total / Double(targets.count)
  }
}

extension Choice where F == Losses {
  /// `mean-squared-error` in a recipe.
  public static var meanSquaredError: Choice { Choice(MeanSquaredError()) }
}
