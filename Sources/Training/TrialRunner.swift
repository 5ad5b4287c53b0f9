import KeelEngine
import KeelRecipes

/// Makes the trials of one control, none twice, and keeps the trainings of those that hold, where
/// they are small: who needs one to its end goes on from there.
package final class TrialRunner {
  /// Steps that all trials have taken.
  package private(set) var steps = 0
  private let control: Problem
  /// The step after which others are held against those that are kept.
  private let mark: Int?
  /// Those that were decided.
  private var made: [Recipe: Trial] = [:]
  /// Of those that hold, the latest.
  private var kept: [(session: any TrainingSession, earlier: Training?)] = []
  /// Trainings that are kept at a time: each has the memory of a whole one.
  private static let most = 2
  /// Trainings that must fit memory for any to be kept, or for two to be made side by side: the
  /// control, those two, and those that are kept, with as much again to spare.
  private static let room = 10

  package init(against control: Problem, marking mark: Int? = nil) {
    (self.control, self.mark) = (control, mark)
  }

  /// - Parameters:
  ///   - minimum: steps that must be taken before it can be said to hold.
  ///   - maximum: steps that may be taken.
  /// - Throws: `KeelError` where the variant cannot be planned; `CancellationError`.
  package func trial(
    _ variant: Problem, atLeast minimum: Int = 0, atMost maximum: Int = .max
  ) throws -> Trial {
    try trials([variant], atLeast: minimum, atMost: maximum)[0]
  }

  /// Several side by side.
  /// - Throws: `KeelError` where one cannot be planned; `CancellationError`.
  @discardableResult
  package func trials(
    _ variants: [Problem], atLeast minimum: Int, atMost maximum: Int = .max
  ) throws -> [Trial] {
    var seen: Set<Recipe> = []
    let new = variants.filter { variant in
      let known = made[variant.recipe]
      let isLongEnough = known.map { $0.isOver || $0.training.steps >= minimum } ?? false
      return !isLongEnough && seen.insert(variant.recipe).inserted
    }
    let sessions = try new.map { variant in
      let lasting = variant.recipe.lasting(Trial.least, rows: variant.rows.train.count)
      return try variant.with(lasting).session()
    }
    let isSmall = sessions.allSatisfy { $0.floats <= Planner.memoryLimit / 4 / Self.room }
    guard new.count < 2 || isSmall else {
      return try variants.map { try trial($0, atLeast: minimum, atMost: maximum) }
    }
    let trials = try SideBySide.map(new.count, places: control.engine?.places) {
      place, isCancelled in
      try Trial(
        sessions[place], of: new[place].recipe, against: control.recipe, atLeast: minimum,
        atMost: maximum, marking: mark, isCancelled: isCancelled)
    }
    var answers = made
    for (variant, (session, trial)) in zip(new, zip(sessions, trials)) {
      steps += trial.training.steps
      answers[variant.recipe] = trial
      if trial.outcome != .undecided { made[variant.recipe] = trial }
      if trial.outcome == .holds, isSmall {
        kept = kept.suffix(Self.most - 1) + [(session, trial.earlier)]
      }
    }
    return variants.compactMap { answers[$0.recipe] }
  }

  /// The training of a recipe that held, as far as it has come, to go on with, and what it had come
  /// to at the mark, where it has gone beyond; nil where there is none.
  package func takeSession(of recipe: Recipe) -> (session: any TrainingSession, earlier: Training?)?
  {
    kept.firstIndex { $0.session.recipe == recipe }.map { kept.remove(at: $0) }
  }

  /// Whether a recipe's trial was decided.
  package func hasMade(_ recipe: Recipe) -> Bool { made[recipe] != nil }

  /// Whether a recipe was seen to explode, or to learn nothing to its end.
  package func isDoomed(_ recipe: Recipe) -> Bool {
    made[recipe].map { $0.outcome != .holds } ?? false
  }
}
