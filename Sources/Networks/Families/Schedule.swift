import KeelSettings

/// How the learning rate goes on over the steps.
public protocol Schedule: Ingredient {
  /// The rate of a step; the factor of `follower()`, if there is one, comes on top.
  /// - Parameters:
  ///   - base: the optimizer's rate.
  ///   - step: counts from 0.
  ///   - total: how many steps the whole run has.
  func learningRate(_ base: Double, at step: Int, of total: Int) -> Double
  /// What watches the loss and lowers the rate; nil for a schedule that goes by the step alone.
  func follower() -> (any LossFollower)?
}

extension Schedule {
  public func follower() -> (any LossFollower)? { nil }
}

/// A factor on the rate that follows the loss.
///
/// It depends on the losses it was told and on nothing else: a run that goes back tells them again,
/// from its trace.
public protocol LossFollower: AnyObject {
  /// What the rate is multiplied by now.
  var factor: Double { get }
  /// Takes in the mean training loss of an epoch; NaN where no step of it was a good one.
  func admit(_ loss: Double)
  /// Back to the start.
  func forget()
}

/// How the learning rate goes on: `schedule:` in a recipe.
public enum Schedules: Family {
  public static let singular = "schedule"
  public static let plural = "schedules"
  public static func member(_ ingredient: any Ingredient) -> (any Schedule)? {
    ingredient as? any Schedule
  }
}
