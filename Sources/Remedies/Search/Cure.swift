import KeelCauses
import KeelEngine
import KeelForecast
import KeelRecipes
import KeelTraining

/// The loop from a training that explodes or learns nothing to one that holds: diagnose, try
/// remedies, train to the end.
public actor Cure {
  /// What is being done, for whoever watches.
  public enum Progress: Sendable {
    case training(Step)
    /// It exploded, or learnt nothing.
    case failed(Training)
    case diagnosed([Finding])
    case tried(CaseHistory.TrialRecord)
    case retraining(Step)
  }

  /// What is known so far; nil until the recipe has been trained.
  public private(set) var history: CaseHistory?
  private let problem: Problem
  private let causes: CauseCatalog
  private let remedies: RemedyCatalog
  private let budget: Double
  private let onlyExplosions: Bool
  private let observe: @Sendable (Progress) -> Void
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
    let trainer = try Trainer(problem)
    let before = trainer.train(
      isCancelled: { Task.isCancelled }, observe: { observe(.training($0)) })
    try Task.checkCancellation()
    var history = CaseHistory(
      problem.recipe, before, fullSteps: trainer.batches.total, onlyExplosions: onlyExplosions)
    self.history = history
    guard history.outcome == .incurable else {
      if history.outcome == .healthy { try compareWithReference(before, trainer, &history) }
      self.history = history
      return history
    }
    observe(.failed(before))
    do {
      try treat(trainer, before, &history)
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
    _ before: Training, _ trainer: Trainer, _ history: inout CaseHistory
  ) throws {
    let evidence = Evidence(problem, training: before, trace: trainer.trace)
    // A rate that trains is not too large.
    let factors = Factor.all(of: evidence, in: causes).filter {
      $0.cause != LargeLearningRate.self
    }
    let reset = evidence.resetting(factors.filter { $0.reset(evidence) != nil }) ?? evidence
    let eased = reset.problem.with(reset.easingUncommon(trainer.trace))
    guard budget > 0, before.score < 1 - SearchPolicy.much, eased.recipe != problem.recipe else {
      return
    }
    let trial: Trial
    do {
      trial = try Trial(
        eased, against: problem.recipe, atLeast: trainer.batches.total)
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

  /// Steps that the search may take.
  private func allowance(_ trainer: Trainer) -> Int {
    let share = budget.isNaN ? 0 : max(0, budget)
    let trainings = Double(max(SearchPolicy.leastSteps, trainer.batches.total))
    let work =
      SearchPolicy.work / SearchPolicy.budget / max(1, trainer.trainingStep.plan.multiplyAdds)
    return Int(min(share * max(trainings, work), SearchPolicy.mostSteps))
  }

  private func treat(_ trainer: Trainer, _ before: Training, _ history: inout CaseHistory) throws {
    let whole = allowance(trainer)
    let forecast = try Forecaster(problem, .quick).run()
    history.spend(Int(forecast.cost.evaluations))
    let evidence = Evidence(
      problem, forecast: forecast, training: before, trace: trainer.trace)
    let diagnosis = try evidence.diagnosis(causes, budget: SearchPolicy.diagnosis * whole)
    history.add(diagnosis)
    observe(.diagnosed(diagnosis.findings))

    let strengths = Strengths(evidence.with(diagnosis))
    var halving = SuccessiveHalving(problem, against: trainer) { self.observe(.tried($0)) }
    // Steps taken so far, whatever becomes of the search.
    let spent = history.cost.steps
    func note() {
      history.trials = halving.records
      history.spend(spent + halving.steps + strengths.evaluations - history.cost.steps)
    }
    defer { note() }
    let schedule = SearchSchedule(strengths, diagnosis, causes: causes, remedies: remedies)
    // The best that was trained to the end, though it may have promised more; who held without
    // being convincing.
    var best: Candidate?
    var reserve: [Candidate] = []
    defer { if let best { history.cured(by: best, confirmed: .training) } }
    let length = diagnosis.truthTable?.filter { $0.outcome == .holds }.map(\.steps).min() ?? 0
    if try undo(
      schedule, &halving, as: length, budget: whole / SearchPolicy.attempts, &best, &reserve)
    {
      return
    }
    note()
    for (brackets, share) in schedule.stages {
      let rest = whole - halving.steps - strengths.evaluations
      guard rest > 0 else { break }
      let holding = try halving.run(
        brackets, challengers: { schedule.challengers($0.remedies) },
        opening: min(Int(share * Double(whole)), rest), budget: rest)
      note()
      if try confirm(holding, &halving, &best) { return }
      reserve += holding
    }
    guard best == nil else { return }
    // What held when the budget ended is the answer, trained to the end where that is no more than
    // the search might have cost.
    func held() -> [Candidate] {
      var seen: Set<Recipe> = []
      return SuccessiveHalving.ranked(
        reserve.filter { !halving.refuted.contains($0.recipe) && seen.insert($0.recipe).inserted })
    }
    if trainer.batches.total <= max(whole, SearchPolicy.leastSteps) {
      _ = try confirm(held(), &halving, &best)
    }
    if best == nil, let first = held().first { history.cured(by: first, confirmed: .trials) }
    guard best == nil, history.outcome != .cured,
      remedies.remedies.contains(where: { $0 == RestoreSetting.self })
    else { return }
    for reference in reserves(diagnosis, evidence, trainer.trace) {
      guard let last = Candidate([RestoreSetting(reference: reference)], on: problem) else {
        continue
      }
      // It may need longer than the recipe has.
      let trained = try halving.finish(last) { self.observe(.retraining($0)) }
      if trained.outcome == .holds, try confirm([trained], &halving, &best) { return }
    }
  }

  /// What is tried where nothing else convinced, whatever it costs: what the experiments have seen
  /// to train, or where the budget left no room to see it, everything that deviates put back; then
  /// what need not be a fault eased, alone and with that.
  private func reserves(_ diagnosis: Diagnosis, _ evidence: Evidence, _ trace: Trace) -> [Recipe] {
    let reset = evidence.resetting(Factor.all(of: evidence, in: causes))
    let untried =
      diagnosis.reference == nil || diagnosis.reference == .undecided ? reset?.recipe : nil
    let eased = [evidence, reset ?? evidence].map { $0.easingUncommon(trace) }
    var seen: Set<Recipe> = [problem.recipe]
    return ([diagnosis.soundReference ?? untried].compactMap { $0 } + (budget > 0 ? eased : []))
      .filter { seen.insert($0).inserted }
  }

  /// Takes back what the experiments have shown to be at work; where that does not convince, all
  /// that deviates; then, where it convinces and only then, what the experiments have cleared, too.
  ///
  /// What convinces, but holds on no other seed, is near the edge of its rate: the same at other
  /// rates.
  /// - Parameters:
  ///   - length: steps after which an experiment of the diagnosis was seen to learn.
  ///   - reserve: gets who held without being convincing.
  /// - Returns: whether the search is over.
  private func undo(
    _ schedule: SearchSchedule, _ halving: inout SuccessiveHalving, as length: Int, budget: Int,
    _ best: inout Candidate?, _ reserve: inout [Candidate]
  ) throws -> Bool {
    let attempts = [
      \SearchSchedule.undoing, \.undoingOtherwise, \.everything, \.everythingCleared,
    ]
    for brackets in attempts {
      let leavesCleared = brackets != \.everythingCleared
      let undone = try halving.open(
        schedule[keyPath: brackets], as: length, budget: budget, remembering: leavesCleared)
      guard let leader = undone.first, undone.contains(where: SuccessiveHalving.isConvincing) else {
        if leavesCleared { reserve += undone }
        continue
      }
      if try confirm(undone, &halving, &best) { return true }
      let others = try halving.open(
        schedule.challengers(leader.remedies), as: length, budget: budget)
      return try others.contains(where: SuccessiveHalving.isConvincing)
        && confirm(others, &halving, &best)
    }
    return false
  }

  /// Trains the first to the end; where it holds on no other seed, or turns out worse than its
  /// trial, the next.
  /// - Parameter best: the best of all that came to the end.
  /// - Returns: whether one kept what its trial promised, and is no worse than the mean of the
  ///   targets on the rows that count.
  private func confirm(
    _ holding: [Candidate], _ halving: inout SuccessiveHalving, _ best: inout Candidate?
  ) throws -> Bool {
    let finalists = holding.prefix(SearchPolicy.finalists)
    var tried: Set<Recipe> = []
    for (index, candidate) in finalists.enumerated() {
      let others = Array(finalists.dropFirst(index + 1))
      // Whose changes are some of these comes first, and need only reach what these have promised.
      let smaller = holding.filter { $0.changesLess(than: candidate) }
        .min { $0.changes.count < $1.changes.count }
      for (next, rivals) in [(smaller, []), (candidate, others)] {
        guard let next, tried.insert(next.recipe).inserted,
          try halving.isConfirmed(next, among: rivals)
        else { continue }
        let promised = candidate.score
        let trained = try halving.finish(next) { self.observe(.retraining($0)) }
        guard trained.outcome == .holds else { continue }
        if trained.score > best?.score ?? -.infinity { best = trained }
        if trained.score >= max(0, promised - SearchPolicy.tolerance) { return true }
      }
    }
    return false
  }
}

extension Problem {
  /// Trains it; if it explodes or learns nothing, finds out why, and finds a change that works; on
  /// a thread of its own.
  /// - Throws: `KeelError` where it cannot be trained at all; `CancellationError`.
  public func cure(
    causes: CauseCatalog = .standard, remedies: RemedyCatalog = .standard
  ) async throws -> CaseHistory {
    try await Cure(self, causes: causes, remedies: remedies).run()
  }
}
