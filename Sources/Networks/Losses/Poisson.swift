import CKernels
import Foundation
import KeelSettings

/// The negative log-likelihood of counts, on the logarithms of their rates.
///
/// **Definition** Per element exp(y) − t·y; the mean over rows and columns. As PyTorch's
/// `PoissonNLLLoss`, without the term of t alone. It has no floor at zero.
///
/// **Effect on gradients** Each element's is exp(y) − t: an output that is too large by a few units
/// multiplies it by a power of e, and beyond 88 nothing is finite.
///
/// **Non-finite values** Outputs are looked at.
public struct Poisson: Loss {
  public static let name = "poisson"
  public static let summary = "for counts, on the logarithms of their rates"

  public init() {}

  public var link: OutputLink { .exponential }
  public var hasFloor: Bool { false }
  public var targetRange: ClosedRange<Float> { 0 ... .infinity }

  public func sum(_ batch: LossBatch, scale: Float) -> LossSum {
    LossSum(keel_poisson(batch.outputs, batch.targets, batch.gradient, batch.count, scale))
  }

  /// At the logarithm of each column's mean; 0 where that is 0, for there the rate may be as small
  /// as it likes.
  public func constantLoss(_ targets: [Float], columns: Int) -> Double {
    let rows = Double(targets.count / columns)
    let losses = columnSums(targets, columns: columns).map { sum -> Double in
      let mean = sum / rows
      return mean > 0 ? mean - mean * log(mean) : 0
    }
    return losses.reduce(0, +) / Double(columns)
  }
}

extension Choice where F == Losses {
  /// `poisson` in a recipe.
  public static var poisson: Choice { Choice(Poisson()) }
}
