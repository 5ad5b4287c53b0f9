import KeelEngine

/// How the learning rate goes on over the steps.
public protocol Schedule: Ingredient {
  /// The rate of a step.
  /// - Parameters:
  ///   - base: the optimizer's rate.
  ///   - step: counts from 0.
  ///   - total: how many steps the whole run has.
  func learningRate(_ base: Double, at step: Int, of total: Int) -> Double
}

public enum Schedules: Family {
  public static let singular = "schedule"
  public static let plural = "schedules"
  public static func member(_ ingredient: any Ingredient) -> (any Schedule)? {
    ingredient as? any Schedule
  }
}
