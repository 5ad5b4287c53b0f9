import KeelNetworks
import KeelRecipes

/// What a schedule makes of the learning rate over a run, as factors on the base rate.
package struct RateCourse {
  /// At most so many steps are looked at, spread over the run, its ends among them.
  private static let samples = 2000
  /// Below this a rate is next to nothing; where the usual one is, most of the run is lost.
  package static let least = 0.01

  /// The steps looked at, in order.
  package let steps: [Int]
  /// Their factors.
  package let factors: [Double]

  /// - Parameter trace: what a training recorded, for a schedule that follows the loss.
  package init(_ problem: Problem, trace: Trace? = nil) {
    let schedule = problem.recipe.schedule.member
    let base = max(problem.recipe.optimizer.member.learningRate, .leastNormalMagnitude)
    if schedule.follower() != nil, let trace, trace.learningRates.first == Float(base) {
      steps = Array(0..<trace.count)
      factors = trace.learningRates.map { Double($0) / base }
      return
    }
    // A recipe may ask for more steps than anybody will take.
    let total = min(max(1, problem.steps), 1 << 53)
    let count = min(total, Self.samples)
    let stride = Double(total - 1) / Double(max(1, count - 1))
    let steps = (0..<count).map { min(Int(Double($0) * stride), total - 1) }
    self.steps = steps
    factors = steps.map { schedule.learningRate(base, at: $0, of: total) / base }
  }

  /// The largest; 1 for a schedule that never goes beyond the base rate.
  package var largest: Double { factors.max() ?? 1 }

  /// The median: what the run has for at least half of its steps.
  package var usual: Double { factors.sorted()[factors.count / 2] }

  /// The first step looked at, of those from `first` on, whose factor is above a limit; nil where
  /// none is.
  package func firstStep(above limit: Double, from first: Int = 0) -> Int? {
    zip(steps, factors).first { $0.0 >= first && $0.1 > limit }?.0
  }
}
