import KeelSettings

/// The rate falls as one over time.
///
/// **Definition** lr/(1 + decay·t), as Keras's `InverseTimeDecay` and its old `decay` argument.
public struct InverseTime: Schedule {
  public static let name = "inverse-time"
  public static let summary = "lr/(1 + decay·t)"
  public static let fields: [Field<InverseTime>] = [
    .init("decay", \.decay, .nonNegative, required: true, "per step")
  ]
  /// How much 1/rate grows a step, in units of 1/rate at the start.
  public var decay = 0.0

  public init() {}

  public func learningRate(_ base: Double, at step: Int, of total: Int) -> Double {
    base / (1 + decay * Double(step))
  }
}

extension Choice where F == Schedules {
  /// `inverse-time: {decay: …}` in a recipe.
  public static func inverseTime(decay: Double) -> Choice {
    var schedule = InverseTime()
    schedule.decay = decay
    return Choice(schedule)
  }
}
