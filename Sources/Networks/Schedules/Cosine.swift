import Foundation
import KeelSettings

/// Half a cosine from the rate down to a minimum, where it stays.
///
/// **Definition** minimum + (lr − minimum)·(1 + cos πt/steps)/2 for t ≤ steps, as PyTorch's
/// `CosineAnnealingLR`, which however goes up again after `steps`.
///
/// **References** Loshchilov and Hutter, *SGDR*, ICLR 2017.
public struct Cosine: Schedule {
  public static let name = "cosine"
  public static let summary = "half a cosine down to a minimum"
  public static let fields: [Field<Cosine>] = [
    .init("steps", \.steps, .atLeast(1), "how long; none: the whole run"),
    .init("minimum", \.minimum, .nonNegative, "the last rate"),
  ]
  /// How many steps the fall takes; nil: the whole run.
  public var steps: Int?
  /// The rate at its end and after.
  public var minimum = 0.0

  public init() {}

  public func learningRate(_ base: Double, at step: Int, of total: Int) -> Double {
    let length = Double(steps ?? total)
    let progress = min(1, Double(step) / length)
    return minimum + (base - minimum) * (1 + cos(.pi * progress)) / 2
  }
}

extension Choice where F == Schedules {
  /// `cosine: {steps: …, minimum: …}` in a recipe.
  public static func cosine(steps: Int? = nil, minimum: Double = 0) -> Choice {
    var schedule = Cosine()
    (schedule.steps, schedule.minimum) = (steps, minimum)
    return Choice(schedule)
  }
}
