import KeelCauses
import KeelEngine
import KeelForecast
import KeelRecipes
import KeelSettings
import KeelTraining

/// The loop from a training that explodes or learns nothing to one that holds: diagnose, try
/// remedies, train to the end.
public actor Cure {
  /// What is being done, for whoever watches.
  public enum Progress: Sendable {
    case diagnosis(Diagnosis.Progress)
    case diagnosed([Finding])
    /// Steps that experiments and trials may take together.
    case searching(budget: Int)
    case tried(CaseHistory.TrialRecord)
    case retraining(Run.Step)
  }

  /// What is known so far; nil until the recipe has been trained.
  public private(set) var history: CaseHistory?
  let problem: Problem
  let causes: CauseCatalog
  let remedies: RemedyCatalog
  let budget: Double
  private let onlyExplosions: Bool
  let observe: @Sendable (Progress) -> Void
  private let thread = ThreadExecutor(name: "keel-cure")

  /// - Parameters:
  ///   - budget: what the search may cost beyond the final training, in trainings of 1,000 steps or
  ///     more; or a third of 10¹¹ multiply-adds for each, whichever allows more steps: small
  ///     networks are cheap. It is counted, never timed. The experiments of the diagnosis may cost
  ///     twice that: where the reference learns slowly each takes a whole training, and a search
  ///     that begins with nothing left finds nothing.
  ///   - onlyExplosions: whether what learns nothing without exploding is left as it is.
  ///   - causes: what the recipe is held against; your own beside Keel's:
  ///     `.standard + [MyCause.self]`.
  ///   - remedies: what is tried.
  public init(
    _ problem: Problem, budget: Double = SearchPolicy.budget, onlyExplosions: Bool = false,
    causes: CauseCatalog = .standard,
    remedies: RemedyCatalog = .standard,
    observe: @escaping @Sendable (Progress) -> Void = { _ in }
  ) {
    self.problem = problem
    (self.budget, self.onlyExplosions) = (budget, onlyExplosions)
    (self.causes, self.remedies) = (causes, remedies)
    self.observe = observe
  }

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    thread.asUnownedSerialExecutor()
  }

  /// - Throws: `KeelError` where it cannot be trained; `CancellationError`, after which
  ///   `history` has what was known by then.
  public func run() throws -> CaseHistory {
    let session = try problem.session(keepsSnapshots: true)
    let before = try session.train(
      steps: .max, isCancelled: { Task.isCancelled },
      observe: { observe(.diagnosis(.training($0))) })
    try Task.checkCancellation()
    var history = CaseHistory(
      problem.recipe, before, fullSteps: session.total, onlyExplosions: onlyExplosions)
    self.history = history
    guard history.outcome == .incurable else {
      if history.outcome == .healthy { try compareWithReference(before, session, &history) }
      self.history = history
      return history
    }
    observe(.diagnosis(.failed(before)))
    do {
      try treat(session, before, &history)
    } catch is CancellationError {
      history.outcome = .interrupted
      self.history = history
      throw CancellationError()
    }
    self.history = history
    return history
  }

  /// Trains a healthy recipe with everything put back that deviates, and with what is uncommon
  /// eased, and notes what it misses, where that is much.
  private func compareWithReference(
    _ before: Training, _ session: any TrainingSession, _ history: inout CaseHistory
  ) throws {
    let evidence = Evidence(problem, training: before, trace: session.trace)
    // A rate that trains is not too large.
    let factors = Factor.all(of: evidence, in: causes).filter {
      $0.cause != LargeLearningRate.self
    }
    let reset = evidence.resetting(factors.filter { $0.reset(evidence) != nil }) ?? evidence
    let eased = reset.problem.with(reset.easingUncommon(session.trace))
    guard budget > 0, before.score < 1 - SearchPolicy.much, eased.recipe != problem.recipe else {
      return
    }
    let trial: Trial
    do {
      trial = try TrialRunner(against: problem)
        .trial(eased, atLeast: session.total)
    } catch is KeelError {
      return  // What cannot be trained says nothing of what can.
    }
    history.spend(trial.training.steps)
    guard trial.outcome == .holds, trial.training.score > before.score + SearchPolicy.much else {
      return
    }
    history.couldReach = .init(
      score: trial.training.score, changes: eased.recipe.settings(insteadOf: problem.recipe))
  }
}

extension Problem {
  /// Trains it; if it explodes or learns nothing, finds out why, and finds a change that works; on
  /// a thread of its own.
  /// - Throws: `KeelError` where it cannot be trained at all; `CancellationError`.
  public func cure(
    causes: CauseCatalog = .standard, remedies: RemedyCatalog = .standard
  ) async throws -> CaseHistory {
    try checkUnique(causes.causes.map { ($0.name, $0) }, "cause")
    try checkUnique(remedies.remedies.map { ($0.name, $0) }, "remedy")
    return try await Cure(self, causes: causes, remedies: remedies).run()
  }
}
