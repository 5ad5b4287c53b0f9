import CKernels
import KeelSettings

/// Cross-entropy of yes or no in each column, on logits.
///
/// **Definition** max(y, 0) − y·t + log(1 + exp −|y|); the mean over rows and columns. As PyTorch's
/// `BCEWithLogitsLoss`.
///
/// **Effect on gradients** (sigmoid(y) − t)/(rows·columns): bounded.
///
/// **Non-finite values** Outputs are looked at.
public struct SigmoidCrossEntropy: Loss {
  public static let name = "sigmoid-cross-entropy"
  public static let summary = "cross-entropy of yes or no, on logits"
  public var outputForm: OutputForm { .logits }
  public var isBinary: Bool { true }
  public var link: OutputLink { .sigmoid }
  public var targetRange: ClosedRange<Float> { 0...1 }

  public init() {}

  public func sum(_ batch: LossBatch, scale: Float) -> LossSum {
    LossSum(
      keel_sigmoid_cross_entropy(
        batch.outputs, batch.targets, batch.gradient, batch.count, scale))
  }

  public func constantLoss(_ targets: [Float], columns: Int) -> Double {
    binaryEntropy(targets, columns: columns)
  }
}

extension Choice where F == Losses {
  /// `sigmoid-cross-entropy` in a recipe.
  public static var sigmoidCrossEntropy: Choice { Choice(SigmoidCrossEntropy()) }
}
