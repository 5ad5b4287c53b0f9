import CKernels
import KeelSettings

/// AdamW that slows a tensor down where its gradients are larger than the running square knows.
///
/// **Definition** As `AdamW` at the rate lr/max(1, RMS), for each tensor by itself, with
/// RMS = √(mean of g²/max(v̂, epsilon²)) and v̂ = v/(1 − β₂ᵗ) after this gradient has joined it;
/// the weight decay goes with the lowered rate. The moments are those of the paper, whose β̂
/// corrects them as they run.
///
/// **Effect on gradients** A gradient that comes out of the blue, while v still lags behind, no
/// longer makes a step far above lr: a clip of updates, without a limit to choose.
///
/// **Non-finite values** As `Adam`; where the RMS is NaN the rate stays, and the update reports the
/// element that made it so.
///
/// **References** Wortsman et al., *Stable and low-precision training for large-scale
/// vision-language models*, NeurIPS 2023, algorithm 2; Shazeer and Stern, *Adafactor*, 2018, §5.
public struct StableAdamW: MomentOptimizer {
  public static let name = "stable-adamw"
  public static let summary = "AdamW at a rate that surprises lower"
  public static let fields: [Field<StableAdamW>] =
    momentFields + [
      .init("weight-decay", \.weightDecay, .nonNegative, "share of a weight lost per unit of rate")
    ]
  /// The size of a step, before the schedule.
  public var learningRate = 0.001
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var epsilon = 1e-8
  public var weightDecay = 0.01

  public init() {}

  public func update(_ tensor: Update) -> UpdateMeasure {
    let sum = keel_adam_surprise(
      tensor.gradients, tensor.slot(1), tensor.count, tensor.scale, beta2, epsilon,
      Int64(tensor.step))
    let surprise = (sum / Double(tensor.count)).squareRoot()
    // A NaN is not above 1: its element alone pays for it.
    let rate = surprise > 1 ? tensor.learningRate / surprise : tensor.learningRate
    return update(tensor, learningRate: rate)
  }
}

extension Choice where F == Optimizers {
  /// `stable-adamw: {learning-rate: …, …, weight-decay: …}` in a recipe.
  public static func stableAdamw(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0.01
  ) -> Choice {
    var adamw = StableAdamW(learningRate, beta1, beta2, epsilon)
    adamw.weightDecay = weightDecay
    return Choice(adamw)
  }
}
