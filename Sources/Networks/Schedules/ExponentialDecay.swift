import Foundation
import KeelSettings

/// A factor at every step.
///
/// **Definition** lr·factorᵗ, as PyTorch's `ExponentialLR` called once a step.
public struct ExponentialDecay: Schedule {
  public static let name = "exponential"
  public static let summary = "a factor at every step"
  public static let fields: [Field<ExponentialDecay>] = [
    .init("factor", \.factor, .positive, required: true, "what the rate is multiplied by")
  ]
  /// What the rate is multiplied by in every step.
  public var factor = 1.0

  public init() {}

  public func learningRate(_ base: Double, at step: Int, of total: Int) -> Double {
    base * pow(factor, Double(step))
  }
}

extension Choice where F == Schedules {
  /// `exponential: {factor: …}` in a recipe.
  public static func exponential(factor: Double) -> Choice {
    var schedule = ExponentialDecay()
    schedule.factor = factor
    return Choice(schedule)
  }
}
