import KeelSettings

/// The same rate in every step.
public struct ConstantRate: Schedule {
  public static let name = "constant"
  public static let summary = "the same rate in every step"

  public init() {}

  public func learningRate(_ base: Double, at step: Int, of total: Int) -> Double { base }
}

extension Choice where F == Schedules {
  /// `constant` in a recipe.
  public static var constant: Choice { Choice(ConstantRate()) }
}
