import CKernels
import KeelSettings

/// Cross-entropy over classes, on logits.
///
/// **Definition** −Σ t·log softmax(y) over the last axis; the mean over rows and positions. As
/// PyTorch's `CrossEntropyLoss`.
///
/// **Shapes** Outputs and targets [classes] or [positions, classes].
///
/// **Effect on gradients** (softmax(y) − t)/(rows·positions): bounded, however wrong the output.
///
/// **Non-finite values** Outputs are looked at; the logarithm is taken of the sum, so it cannot
/// meet a 0.
public struct SoftmaxCrossEntropy: Loss {
  public static let name = "softmax-cross-entropy"
  public static let summary = "cross-entropy over classes, on logits"
  public var outputForm: OutputForm { .logits }
  public var link: OutputLink { .softmax }
  public var isOverClasses: Bool { true }
  public var averagesColumns: Bool { false }
  public var targetRange: ClosedRange<Float> { 0...1 }

  public init() {}

  public func sum(_ batch: LossBatch, scale: Float) -> LossSum {
    LossSum(
      keel_softmax_cross_entropy(
        batch.outputs, batch.targets, batch.gradient, batch.vectors, batch.width, scale))
  }

  public func constantLoss(_ targets: [Float], columns: Int) -> Double {
    priorEntropy(targets, columns: columns)
  }

  public func constantLoss(counts: [Int], classes: Int) -> Double { priorEntropy(counts) }
}

extension Choice where F == Losses {
  /// `softmax-cross-entropy` in a recipe.
  public static var softmaxCrossEntropy: Choice { Choice(SoftmaxCrossEntropy()) }
}
