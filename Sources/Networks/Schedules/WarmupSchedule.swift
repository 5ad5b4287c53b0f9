import KeelSettings

/// The rate rises from near 0 over the first steps, then another schedule begins.
///
/// **Definition** lr·(t + 1)/steps for t < steps, then `then` from its own step 0.
///
/// **Effect on gradients** The first updates, taken where the loss is sharpest, stay small.
///
/// **References** Goyal et al., *Accurate, large minibatch SGD*, 2017.
public struct WarmupSchedule: Schedule {
  public static let name = "warmup"
  public static let summary = "rises over the first steps"
  public static let fields: [Field<WarmupSchedule>] = [
    .init("steps", \.steps, .atLeast(1), required: true, "how long it rises"),
    .init("then", \.then, "what follows"),
  ]
  /// How many steps the rise takes.
  public var steps = 1
  /// What follows, from its own step 0.
  public var then: Choice<Schedules> = .constant

  public init() {}

  public func learningRate(_ base: Double, at step: Int, of total: Int) -> Double {
    step < steps
      ? base * Double(step + 1) / Double(steps)
      : then.member.learningRate(base, at: step - steps, of: max(1, total - steps))
  }

  public func follower() -> (any LossFollower)? { then.member.follower() }
}

extension Choice where F == Schedules {
  /// `warmup: {steps: …, then: …}` in a recipe.
  public static func warmup(steps: Int, then: Choice<Schedules> = .constant) -> Choice {
    var schedule = WarmupSchedule()
    (schedule.steps, schedule.then) = (steps, then)
    return Choice(schedule)
  }
}
