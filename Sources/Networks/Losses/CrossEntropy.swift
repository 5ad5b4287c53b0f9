import CKernels
import KeelEngine
import KeelSettings

/// Cross-entropy over classes, on probabilities.
///
/// **Definition** p = y/Σy over the last axis, clipped to [1e-7, 1 − 1e-7]; −Σ t·log p; the mean
/// over rows and positions. As Keras's `CategoricalCrossentropy`.
///
/// **Shapes** Outputs and targets [classes] or [positions, classes].
///
/// **Effect on gradients** −t/p: up to 1e7 where a probability is small; 0 where it is clipped.
///
/// **Non-finite values** Outputs are looked at; NaN passes, and a row of zeros is 0/0.
public struct CrossEntropy: Loss {
  public static let name = "cross-entropy"
  public static let summary = "cross-entropy over classes, on probabilities"
  public var outputForm: OutputForm { .distribution }
  public var isOverClasses: Bool { true }
  public var averagesColumns: Bool { false }
  public var targetRange: ClosedRange<Float> { 0...1 }

  public init() {}

  public func sum(_ batch: LossBatch, scale: Float) -> LossSum {
    LossSum(
      keel_cross_entropy(
        batch.outputs, batch.targets, batch.gradient, batch.vectors, batch.width, scale))
  }

  public func constantLoss(_ targets: [Float], columns: Int) -> Double {
    priorEntropy(targets, columns: columns)
  }

  public func constantLoss(counts: [Int], classes: Int) -> Double { priorEntropy(counts) }

  /// A vector whose sum is 0 was divided by it; otherwise a sum overflowed.
  public func origin(_ batch: LossBatch) -> NonFiniteOrigin {
    let outputs = UnsafeBufferPointer(start: batch.outputs, count: batch.count)
    let isDividedByZero = (0..<batch.vectors).contains { vector in
      outputs[(vector * batch.width)..<((vector + 1) * batch.width)].reduce(0, +) == 0
    }
    return isDividedByZero ? .invalid : .overflow
  }
}

extension Choice where F == Losses {
  /// `cross-entropy` in a recipe.
  public static var crossEntropy: Choice { Choice(CrossEntropy()) }
}
