/// What a search for a cure goes by.
enum SearchPolicy {
  /// Scores that differ by less are taken for equal.
  static let tolerance = 0.02
  /// The skill of a trial that needs no rival: half of what there is to learn, in the first tenth
  /// of the run. Below it others may do much better.
  static let convincing = 0.5
  /// A test part that is worse than the training part by more: another remedy may generalise
  /// better.
  static let overfit = 0.1
  /// Multiply-adds that a search of three trainings may take where a training takes fewer.
  static let work = 1e11
  /// A training is counted as so many steps, if it has fewer.
  static let leastSteps = 1000
  /// No search takes more steps.
  static let mostSteps = 1e15
  /// What single remedies may cost of the whole, and what pairs may: what comes first is likeliest
  /// to do, and must leave enough for what comes after.
  static let shares = (singles: 0.6, pairs: 0.4)
}
