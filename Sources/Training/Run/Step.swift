import Foundation
import KeelSettings

/// One step, for whoever watches.
public struct Step: Sendable {
  /// Counts from 0.
  public let index: Int
  /// Steps in the whole run.
  public let total: Int
  /// The mean data loss of the batch.
  public let loss: Double
  public let learningRate: Double
  /// The norm of all gradients before clipping; NaN where the step did not get there.
  public let gradientNorm: Double
  /// The norm of all gradients after clipping; NaN where the step was skipped.
  public let clippedNorm: Double

  init(_ trace: Trace, total: Int) {
    index = trace.count - 1
    self.total = total
    loss = Double(trace.losses[index])
    learningRate = Double(trace.learningRates[index])
    gradientNorm = Double(trace.gradientNorms[index])
    clippedNorm = Double(trace.clippedNorms[index])
  }
}
