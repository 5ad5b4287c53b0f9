import Foundation
import KeelSettings

extension Trainer {
  /// Trains until the end, an explosion, or until `isCancelled` says so.
  /// - Parameter observe: called after every step.
  package func train(
    steps: Int = .max, isCancelled: () -> Bool = { false }, observe: (Run.Step) -> Void = { _ in }
  ) -> Training {
    let isStopped = advance(steps: steps, isCancelled: isCancelled, observe: observe)
    takeBackIfLost()
    return result(isStopped: isStopped, isCancelled: isCancelled)
  }

  /// Which trainings are scored that have not come to their end.
  enum Scoring {
    case atTheEnd
    /// Where somebody who has stopped it does not wait for long.
    case ifBrief
    case always
  }

  /// How the training ended; where it has not, as if it were stopped here.
  func standing(scoring: Scoring = .ifBrief, isCancelled: () -> Bool) -> Training {
    takeBackIfLost()
    return result(isStopped: !isOver, scoring, isCancelled: isCancelled)
  }

  /// The newest step, for whoever watches.
  package var newestStep: Run.Step {
    Run.Step(record.trace, trainingStep.layers, total: batches.total)
  }

  /// - Returns: whether it was cancelled.
  package func advance(
    steps: Int, isCancelled: () -> Bool = { false }, observe: (Run.Step) -> Void = { _ in }
  ) -> Bool {
    let (start, first) = (ContinuousClock.now, step)
    defer {
      record.spent.steps += step - first
      record.spent.time += ContinuousClock.now - start
    }
    while !isOver, step - first < steps {
      if isCancelled() { return true }
      advance()
      observe(newestStep)
    }
    return false
  }

  /// - Parameter isStopped: whether it was cancelled between two steps; a score that takes long is
  ///   then not begun. One that is cancelled itself makes a training that was stopped, too.
  private func result(
    isStopped: Bool, _ scoring: Scoring = .ifBrief, isCancelled: () -> Bool
  ) -> Training {
    let verdict = verdict
    let isBrief = isBrieflyScored
    let isScored =
      switch scoring {
      case .atTheEnd: !isStopped
      case .ifBrief: !isStopped || isBrief
      case .always: true
      }
    let metric =
      verdict == .exploding || !isScored
      ? nil : metric(isCancelled: isBrief ? { false } : isCancelled)
    return training(
      isStopped: isStopped || (verdict != .exploding && metric == nil), metric: metric,
      rewoundTo: record.rewoundTo, recoveries: record.recoveries, spent: record.spent)
  }
}
