/// What a search for a cure goes by.
public enum SearchPolicy {
  // MARK: what it may cost

  /// In trainings, beyond the final one.
  public static let budget = 3.0
  /// A training is counted as so many steps, if it has fewer.
  static let leastSteps = 1000
  /// Multiply-adds that a search of so many trainings may take where they come to fewer.
  static let work = 1e11
  /// No search takes more steps.
  static let mostSteps = 1e15
  /// What the experiments of the diagnosis may cost, in searches.
  static let diagnosis = 2
  /// An attempt to take back what is at work may cost one part in so many of a search.
  static let attempts = 2
  /// What single remedies may cost of the whole, and what pairs may: what comes first is likeliest
  /// to do, and must leave enough for what comes after.
  static let shares = (singles: 0.6, pairs: 0.4)

  // MARK: rounds

  /// Steps of the first round, at the least, and beyond the step that the recipe exploded in.
  static let firstRound = 100
  /// A first round goes on for one part in so many of the steps that the recipe took to explode.
  ///
  /// Half as far again: as far again cures the same 302 faults of seeds C at 1.71 trainings in the
  /// mean of the long ones, against 1.63.
  static let beyond = 2
  /// Epochs of the first round, but no more than one part in so many of the run: many candidates
  /// must fit the budget.
  static let first = (epochs: 2, parts: 10)
  /// Brackets are opened together until they come to so many candidates, whatever the number of
  /// cores: four keep most machines busy.
  static let beside = 4
  /// Each round has so many times the steps of the one before, and of those that hold one in so
  /// many goes on.
  static let growth = 3
  /// Who has not learnt yet but still falls goes on beside those that hold; more where none holds
  /// (a third of the good cures look dead at 100 steps).
  static let falling = (beside: 2, alone: 3)
  /// The best so many are held against each other on other seeds, and trained to the end in turn.
  static let finalists = 3
  /// Seeds beside the recipe's own.
  static let otherSeeds: UInt64 = 2
  /// Strengths of a remedy that are tried: of one that a running training takes over, and of
  /// another; and of a rate beside a leader that has none.
  static let strengths = (hot: 2, cold: 3, challengers: 2)

  // MARK: what counts

  /// Scores that differ by less are taken for equal.
  static let tolerance = 0.02
  /// Scores that differ by more are far apart: five times what is taken for equal.
  static let much = 0.1
  /// The skill of a trial that needs no rival: half of what there is to learn, in the first tenth
  /// of the run.
  ///
  /// Below it others may do much better.
  static let convincing = 0.5
  /// A test part that is worse than the training part by more: another remedy may generalise
  /// better.
  static let overfit = 0.1
}
