import KeelCauses
import KeelForecast
import KeelRecipes
import KeelTraining

// From the diagnosis to a change that is confirmed.

extension Cure {
  /// Steps that the search may take.
  private func allowance(_ session: any TrainingSession) -> Int {
    let share = budget.isNaN ? 0 : max(0, budget)
    let trainings = Double(max(SearchPolicy.leastSteps, session.total))
    let work =
      SearchPolicy.work / SearchPolicy.budget / max(1, session.multiplyAdds)
    return Int(min(share * max(trainings, work), SearchPolicy.mostSteps))
  }

  /// Finds out why it fails, and looks for a change that works.
  func treat(
    _ session: any TrainingSession, _ before: Training, _ history: inout CaseHistory
  ) throws {
    let whole = allowance(session)
    observe(.searching(budget: (1 + SearchPolicy.diagnosis) * whole))
    let forecast = try problem.quickForecast()
    history.spend(Int(forecast?.cost.evaluations ?? 0))
    let evidence = Evidence(
      problem, forecast: forecast, training: before, trace: session.trace)
    let runner = TrialRunner(
      against: problem, marking: SuccessiveHalving.firstRound(of: session))
    let diagnosis = try evidence.diagnosis(
      causes, budget: SearchPolicy.diagnosis * whole, by: runner
    ) { self.observe(.diagnosis(.experimented($0))) }
    history.add(diagnosis)
    observe(.diagnosed(diagnosis.findings))

    let strengths = Strengths(evidence.with(diagnosis))
    var halving = SuccessiveHalving(problem, against: session, after: runner) {
      self.observe(.tried($0))
    }
    // Steps taken so far, whatever becomes of the search.
    let spent = history.cost.steps
    func note() {
      history.trials = halving.records
      history.spend(spent + halving.steps + strengths.evaluations - history.cost.steps)
    }
    defer { note() }
    let schedule: any Schedule
    if let knobs = problem.engine?.knobs {
      schedule = KnobSchedule(knobs, problem, diagnosis)
    } else {
      schedule = SearchSchedule(strengths, diagnosis, causes: causes, remedies: remedies)
    }
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
    // Nothing is incurable that nobody tried to cure: what is not made for the causes comes last,
    // and may cost so much more.
    if !reserve.contains(where: { !halving.refuted.contains($0.recipe) }), whole > 0 {
      let holding = try halving.run(
        schedule.others, challengers: { schedule.challengers($0.remedies) },
        opening: whole / SearchPolicy.attempts, budget: whole / SearchPolicy.attempts)
      note()
      if try confirm(holding, &halving, &best) { return }
      reserve += holding
    }
    // What held when the budget ended is the answer, trained to the end where that is no more than
    // the search might have cost.
    func held() -> [Candidate] {
      var seen: Set<Recipe> = []
      return SuccessiveHalving.ranked(
        reserve.filter { !halving.refuted.contains($0.recipe) && seen.insert($0.recipe).inserted })
    }
    if session.total <= max(whole, SearchPolicy.leastSteps) {
      // A trial may repeat the data more often than the recipe: what holds there alone is no cure.
      let all = held()
      for start in stride(from: 0, to: all.count, by: SearchPolicy.finalists) where best == nil {
        if try confirm(Array(all[start...]), &halving, &best) { return }
      }
    } else if best == nil, let first = held().first {
      history.cured(by: first, confirmed: .trials)
    }
    guard best == nil, history.outcome != .cured,
      remedies.remedies.contains(where: { $0 == RestoreSetting.self })
    else { return }
    for reference in reserves(diagnosis, evidence, session.trace) where !runner.isDoomed(reference)
    {
      guard let last = Candidate([RestoreSetting(reference: reference)], on: problem) else {
        continue
      }
      // It may need longer than the recipe has.
      let trained = try halving.finish(last) { self.observe(.retraining($0)) }
      if trained.outcome == .holds, try confirm([trained], &halving, &best) { return }
    }
  }

  /// What is tried where nothing else convinced, whatever it costs: what the experiments have seen
  /// to train (where that took longer than the recipe has, first the recipe itself for as long), or
  /// where the budget left no room to see it, everything that deviates put back; then what need not
  /// be a fault eased, alone and with that.
  private func reserves(_ diagnosis: Diagnosis, _ evidence: Evidence, _ trace: Trace) -> [Recipe] {
    let reset = evidence.resetting(Factor.all(of: evidence, in: causes))
    let untried =
      diagnosis.reference == nil || diagnosis.reference == .undecided ? reset?.recipe : nil
    let eased = [false, true].flatMap { isWhole in
      [evidence, reset ?? evidence].map { $0.easingUncommon(trace, isWhole: isWhole) }
    }
    var seen: Set<Recipe> = [problem.recipe]
    let reference = diagnosis.soundReference ?? untried
    var longer = problem.recipe
    longer.training = reference?.training ?? longer.training
    // No experiment has fewer steps than a trial, and none shows what fewer come to.
    return ([longer, reference].compactMap { $0 } + (budget > 0 ? eased : []))
      .map { $0.lasting(Trial.least, rows: problem.rows.train.count) }
      .filter { seen.insert($0).inserted }
  }

  /// Takes back what was found, in one attempt after the other until one convinces.
  ///
  /// What convinces, but holds on no other seed, is near the edge of its rate: the same at other
  /// rates.
  /// - Parameters:
  ///   - length: steps after which an experiment of the diagnosis was seen to learn.
  ///   - reserve: gets who held without being convincing.
  /// - Returns: whether the search is over.
  private func undo(
    _ schedule: any Schedule, _ halving: inout SuccessiveHalving, as length: Int, budget: Int,
    _ best: inout Candidate?, _ reserve: inout [Candidate]
  ) throws -> Bool {
    for attempt in schedule.attempts {
      let undone = try halving.open(
        attempt.brackets, as: length, budget: budget, remembering: attempt.isRemembered)
      guard let leader = undone.first, undone.contains(where: SuccessiveHalving.isConvincing) else {
        if attempt.isRemembered { reserve += undone }
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
