import Foundation
import KeelSettings

/// A factor at every so many steps.
///
/// **Definition** lr·factor^⌊t/every⌋, as PyTorch's `StepLR`.
public struct StepDecay: Schedule {
  public static let name = "step"
  public static let summary = "a factor every so many steps"
  public static let fields: [Field<StepDecay>] = [
    .init("every", \.every, .atLeast(1), required: true, "steps between two factors"),
    .init("factor", \.factor, .positive, "what the rate is multiplied by"),
  ]
  /// Steps between two factors.
  public var every = 1
  /// What the rate is then multiplied by.
  public var factor = 0.1

  public init() {}

  public func learningRate(_ base: Double, at step: Int, of total: Int) -> Double {
    base * pow(factor, Double(step / every))
  }
}

extension Choice where F == Schedules {
  /// `step: {every: …, factor: …}` in a recipe.
  public static func step(every: Int, factor: Double = 0.1) -> Choice {
    var schedule = StepDecay()
    (schedule.every, schedule.factor) = (every, factor)
    return Choice(schedule)
  }
}
