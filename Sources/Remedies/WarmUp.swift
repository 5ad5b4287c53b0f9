import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelTraining

/// A learning rate that rises from near 0 over the first part of the run, then goes on as before.
///
/// The loss is sharpest at the start; steps that would overshoot there are taken once it is
/// flatter. It helps where the full rate is one that the trained network bears, and only there.
///
/// **References** Goyal et al., *Accurate, large minibatch SGD*, 2017; Gilmer et al., *A loss
/// curvature perspective on training instability in deep learning*, ICLR 2022.
public struct WarmUp: Remedy {
  public static let name = "warm-up"
  public static let summary = "a learning rate that rises over the first steps"
  public static let undoes: [String] = []
  public static let mayHelp = [NumericOverflow.name]
  public static let price = Price(
    invasiveness: 0, timePerStep: 1, risk: "the first steps teach little")
  public static let isHot = false

  /// How long the rate rises.
  public let steps: Int

  public init(steps: Int) { self.steps = steps }

  /// A fiftieth, a tenth and a third of the run: published warm-ups lie between 0.5 % and 10 % of
  /// it, and a short run needs a larger share for as many steps.
  public static func candidates(for evidence: Evidence) -> [WarmUp] {
    let total = evidence.problem.steps
    let counts = [total / 50, total / 10, total / 3].map { max(2, $0) }
    return Set(counts).sorted().map(WarmUp.init)
  }

  public func applied(to problem: Problem) -> Recipe? {
    guard !(problem.recipe.schedule.ingredient is WarmupSchedule), steps < problem.steps else {
      return nil
    }
    var recipe = problem.recipe
    recipe.schedule = .warmup(steps: steps, then: recipe.schedule)
    return recipe
  }
}
