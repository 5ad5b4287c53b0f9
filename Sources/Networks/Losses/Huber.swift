import CKernels
import KeelSettings

/// Squared near zero, absolute further out.
///
/// **Definition** Per element ½d² where |d| ≤ delta, else delta·(|d| − ½delta), d = y − t; the mean
/// over rows and columns. As PyTorch's `HuberLoss`.
///
/// **Effect on gradients** Each element's is at most delta/(rows·columns): an outlier cannot
/// explode.
///
/// **Non-finite values** Outputs are looked at.
public struct Huber: Loss {
  public static let name = "huber"
  public static let summary = "squared near zero, absolute beyond delta"
  public static let fields: [Field<Huber>] = [
    .init("delta", \.delta, .positive, "where the square ends")
  ]
  /// The error at which the loss turns from squared to absolute, in units of the targets.
  public var delta = 1.0

  public init() {}

  public func sum(_ batch: LossBatch, scale: Float) -> LossSum {
    LossSum(
      keel_huber(
        batch.outputs, batch.targets, batch.gradient, batch.count, scale, Float(delta)))
  }

  public func constantLoss(_ targets: [Float], columns: Int) -> Double {
    convexConstantLoss(targets, columns: columns) { d in
      abs(d) <= delta ? d * d / 2 : delta * (abs(d) - delta / 2)
    }
  }
}

extension Choice where F == Losses {
  /// `huber: {delta: …}` in a recipe.
  public static func huber(delta: Double = 1) -> Choice {
    var huber = Huber()
    huber.delta = delta
    return Choice(huber)
  }
}
