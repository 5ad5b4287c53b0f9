import CKernels
import KeelSettings

/// The mean of absolute differences.
///
/// **Definition** Σ |y − t|/(rows·columns), as PyTorch's `L1Loss`; the slope at 0 is 0.
///
/// **Effect on gradients** Each element's is ±1/(rows·columns), whatever the difference.
///
/// **Non-finite values** Outputs are looked at.
public struct MeanAbsoluteError: Loss {
  public static let name = "mean-absolute-error"
  public static let summary = "mean of absolute differences"

  public init() {}

  public func sum(_ batch: LossBatch, scale: Float) -> LossSum {
    LossSum(keel_absolute_error(batch.outputs, batch.targets, batch.gradient, batch.count, scale))
  }

  /// The best constant is each column's median.
  public func constantLoss(_ targets: [Float], columns: Int) -> Double {
    convexConstantLoss(targets, columns: columns) { abs($0) }
  }
}

extension Choice where F == Losses {
  /// `mean-absolute-error` in a recipe.
  public static var meanAbsoluteError: Choice { Choice(MeanAbsoluteError()) }
}
