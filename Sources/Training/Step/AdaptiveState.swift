import KeelNetworks
import KeelRecipes

/// What clipping, the schedule and the screen for bad batches remember of the steps so far.
///
/// A function of the trace, and of what it began with: told step by step, and told again from the
/// trace after a run has gone back. That is why no snapshot holds any of it. Telling allocates
/// nothing.
package final class AdaptiveState {
  /// One for each clip of the recipe; nil for clips that look at the step at hand alone.
  package let windows: [(any NormWindow)?]
  /// Nil where bad steps end the run.
  private var screen: OutlierScreen?
  private let schedule: any Schedule
  private let follower: (any LossFollower)?
  private let baseRate: Double
  private let total: Int
  private let stepsPerEpoch: Int
  /// The epoch so far.
  private var losses = 0.0
  private var goodSteps = 0

  /// - Parameter screen: looks for batches that are to be skipped; nil where none is.
  package init(_ recipe: Recipe, _ batches: Batches, screen: OutlierScreen? = nil) {
    self.screen = screen
    windows = recipe.clipping.choices.map { $0.member.window(steps: batches.total) }
    schedule = recipe.schedule.member
    follower = schedule.follower()
    baseRate = recipe.optimizer.member.learningRate
    total = batches.total
    stepsPerEpoch = batches.stepsPerEpoch
  }

  /// The rate of a step.
  /// - Parameter factor: on the recipe's own, for trials of another.
  package func learningRate(at step: Int, times factor: Double = 1) -> Double {
    schedule.learningRate(baseRate * factor, at: step, of: total) * (follower?.factor ?? 1)
  }

  /// Whether a step is to be skipped for its finite gradient norm, as the trace keeps it.
  package func rejects(_ norm: Float) -> Bool { screen?.rejects(Double(norm)) ?? false }

  /// Takes in a good step: its loss and its norm before clipping, as the trace keeps them.
  package func admit(_ step: Int, loss: Float, norm: Float) {
    for window in windows { window?.admit(Double(norm)) }
    losses += Double(loss)
    goodSteps += 1
    closeEpoch(after: step)
  }

  /// A step that changed nothing.
  package func skip(_ step: Int) { closeEpoch(after: step) }

  /// The first steps of a trace, and nothing else.
  package func recall(_ trace: Trace, before step: Int) {
    forget()
    for past in 0..<min(step, trace.count) {
      if trace.gradientNorms[past].isFinite { _ = rejects(trace.gradientNorms[past]) }
      if trace.wasSkipped(past) {
        skip(past)
      } else {
        admit(past, loss: trace.losses[past], norm: trace.gradientNorms[past])
      }
    }
  }

  /// As at the start, with another screen: where what a network begins with is scaled, so are its
  /// gradients.
  package func begin(with screen: OutlierScreen?) {
    self.screen = screen
    forget()
  }

  package func forget() {
    for window in windows { window?.forget() }
    follower?.forget()
    screen?.reset()
    (losses, goodSteps) = (0, 0)
  }

  private func closeEpoch(after step: Int) {
    guard (step + 1) % stepsPerEpoch == 0 else { return }
    follower?.admit(goodSteps == 0 ? .nan : losses / Double(goodSteps))
    (losses, goodSteps) = (0, 0)
  }
}
