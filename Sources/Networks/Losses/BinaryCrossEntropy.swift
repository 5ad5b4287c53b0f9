import CKernels
import KeelSettings

/// Cross-entropy of yes or no in each column, on probabilities.
///
/// **Definition** p = y clipped to [1e-7, 1 − 1e-7]; −t·log p − (1 − t)·log(1 − p); the mean over
/// rows and columns. As Keras's `BinaryCrossentropy`.
///
/// **Effect on gradients** Up to 1e7 where the output is sure and wrong; 0 where it is clipped.
///
/// **Non-finite values** Outputs are looked at: the clip would hide an infinity.
public struct BinaryCrossEntropy: Loss {
  public static let name = "binary-cross-entropy"
  public static let summary = "cross-entropy of yes or no, on probabilities"
  public var outputForm: OutputForm { .probability }
  public var isBinary: Bool { true }

  public var targetRange: ClosedRange<Float> { 0...1 }

  public init() {}

  public func sum(_ batch: LossBatch, scale: Float) -> LossSum {
    LossSum(
      keel_binary_cross_entropy(
        batch.outputs, batch.targets, batch.gradient, batch.count, scale))
  }

  public func constantLoss(_ targets: [Float], columns: Int) -> Double {
    binaryEntropy(targets, columns: columns)
  }
}

extension Choice where F == Losses {
  /// `binary-cross-entropy` in a recipe.
  public static var binaryCrossEntropy: Choice { Choice(BinaryCrossEntropy()) }
}
