import KeelData
import KeelEngine
import KeelForecast
import KeelRecipes
import KeelTraining

/// Short trainings with some of the deviating factors kept and the others reset: the proof of a
/// diagnosis.
package struct TruthTable {
  let evidence: Evidence
  package let factors: [Factor]
  /// Factors that cannot be reset: every experiment has them, and none decides on them.
  let fixed: [Factor]
  /// Steps before a trial is said to hold: twice as many as the recipe took to explode, a third of
  /// all where it learnt nothing (that a trial does not is said at its end); three hundred at
  /// least, as trials of remedies have in three rounds (what one factor does in five steps another
  /// may do in two hundred).
  let horizon: Int
  private static let shortest = 300
  /// Where the reference has not learnt at the end of the recipe, and its loss still falls,
  /// experiments that are as slow repeat the data up to here: two more rounds of three times as
  /// many steps. (A reference rate may be a hundred thousand times lower than the one that
  /// explodes.)
  private static let patience = 9 * shortest
  /// How the recipe itself ended.
  let outcome: TrialOutcome
  /// Steps that all trials together may take.
  let budget: Int
  /// Makes the trials, and remembers them.
  let runner: TrialRunner
  /// Told of every experiment once it is made.
  let observe: (TruthTableRow) -> Void
  var answers: [Set<Int>: TrialOutcome] = [:]
  /// Experiments that took longer than the recipe.
  var lengthened: Set<Recipe> = []
  /// Whether the reference needs longer than the recipe to learn; nil where nobody asked yet.
  private var isReferenceSlow: Bool?
  /// The factors that heal together, where none does alone.
  var set: [Int] = []
  package internal(set) var rows: [TruthTableRow] = []
  package internal(set) var steps = 0

  /// - Parameter training: how the recipe's own ended.
  init(
    _ evidence: Evidence, _ factors: [Factor], of training: Training, budget: Int,
    by runner: TrialRunner, observe: @escaping (TruthTableRow) -> Void = { _ in }
  ) {
    let isExploding = training.verdict == .exploding
    self.init(
      evidence, factors.filter { $0.reset(evidence) != nil },
      fixed: factors.filter { $0.reset(evidence) == nil }, .init(training.verdict),
      until: max(Self.shortest, isExploding ? 2 * training.steps : evidence.stalledSteps(training)),
      budget, by: runner, observe: observe)
  }

  init(
    _ evidence: Evidence, _ factors: [Factor], fixed: [Factor], _ outcome: TrialOutcome,
    until horizon: Int, _ budget: Int, by runner: TrialRunner,
    observe: @escaping (TruthTableRow) -> Void
  ) {
    (self.evidence, self.factors, self.outcome) = (evidence, factors, outcome)
    (self.horizon, self.budget, self.fixed, self.runner) = (horizon, budget, fixed, runner)
    self.observe = observe
    answers[Set(factors.indices)] = outcome
  }

  // MARK: experiments

  /// What becomes of the recipe with only `kept` as it has them.
  mutating func answer(keeping kept: Set<Int>) throws -> TrialOutcome {
    if let known = answers[kept] { return known }
    let answer = try trial(kept)
    answers[kept] = answer
    return answer
  }

  /// The recipe with every factor reset that is not in `kept`; nil where one cannot be.
  package func changed(keeping kept: Set<Int>) -> Evidence? {
    evidence.resetting(factors.indices.filter { !kept.contains($0) }.map { factors[$0] })
  }

  private mutating func trial(_ kept: Set<Int>) throws -> TrialOutcome {
    guard let changed = changed(keeping: kept) else { return .notMade }
    guard steps < budget || runner.hasMade(changed.recipe) else { return .undecided }
    guard let trial = try train(changed, isReference: kept.isEmpty)
    else { return .notMade }
    let row = TruthTableRow(
      kept: (fixed + kept.sorted().map { factors[$0] }).map(\.name),
      outcome: trial.outcome, steps: trial.training.steps)
    rows.append(row)
    observe(row)
    return trial.outcome
  }

  /// Nil where it cannot be trained.
  private mutating func train(_ changed: Evidence, isReference: Bool = false) throws -> Trial? {
    do {
      let first = try experiment(changed.problem)
      if isReference { isReferenceSlow = first.outcome == .doesNotLearn && first.isFalling }
      // A recipe that learns nothing itself is held against trainings as long as its own.
      guard outcome == .explodes, first.outcome == .doesNotLearn, first.isFalling,
        first.training.steps < Self.patience, steps < budget, try needsTime(), steps < budget
      else { return first }
      lengthened.insert(changed.recipe)
      return try experiment(changed.problem.with(lasting(changed)))
    } catch let error as KeelError where error.kind != .exhausted {
      return nil
    }
  }

  private mutating func experiment(_ problem: Problem) throws -> Trial {
    try experiments([problem])[0]
  }

  private mutating func experiments(_ problems: [Problem]) throws -> [Trial] {
    let before = runner.steps
    defer { steps += runner.steps - before }
    return try runner.trials(
      problems, atLeast: horizon, atMost: (budget - steps) / problems.count)
  }

  /// How many trials are made side by side.
  var places: Int { evidence.problem.engine?.places ?? 2 }

  /// Makes the trials of answers that will be asked for, two side by side, or as many as their
  /// engine makes at a time, where there is room for all of them to the end.
  mutating func prepare(_ sets: [Set<Int>]) throws {
    let open = sets.filter { answers[$0] == nil }.compactMap { changed(keeping: $0)?.problem }
    let places = places
    guard places > 1 else { return }
    for start in stride(from: 0, to: open.count - 1, by: places) {
      let group = Array(open[start..<min(start + places, open.count)])
      guard group.allSatisfy({ max($0.steps, Trial.least) <= (budget - steps) / group.count })
      else { return }
      do {
        _ = try experiments(group)
      } catch is KeelError {
        // Which of them cannot be made is found out when it is asked for.
      }
    }
  }

  /// Whether the reference has not learnt by the end of the recipe, and might yet.
  private mutating func needsTime() throws -> Bool {
    if isReferenceSlow == nil { _ = try answer(keeping: []) }
    return isReferenceSlow ?? false
  }

  func lasting(_ changed: Evidence) -> Recipe {
    changed.recipe.lasting(Self.patience, rows: changed.problem.rows.train.count)
  }

  /// A factor that was seen to heal, narrowed to the part of it whose reset alone does; nil where
  /// it has no parts.
  ///
  /// Where no part is enough, it is named after the one part without which it does not explode.
  mutating func narrowed(_ index: Int) throws -> Factor? {
    let factor = factors[index]
    // A setting of a study has no parts.
    guard evidence.problem.engine?.knobs == nil else { return nil }
    var finite: [Deviation] = []
    for part in factor.cause.parts(of: evidence) {
      guard steps < budget, let trial = try train(evidence.with(part.reset)),
        trial.outcome != .undecided
      else { return nil }
      if trial.outcome == .holds {
        return Factor(factor.cause, part.deviation) { _ in part.reset }
      }
      if trial.outcome != .explodes { finite.append(part.deviation) }
    }
    return finite.count == 1 ? Factor(factor.cause, finite[0], reset: factor.reset) : nil
  }

  /// Whether the recipe is healthy with any one of its factors reset.
  mutating func isAnyHealed() throws -> Bool {
    try factors.indices.contains { try resetHeals($0) == true }
  }

  /// Whether the recipe is healthy with only this factor reset; nil where it was not found out.
  mutating func resetHeals(_ index: Int) throws -> Bool? {
    let others = Set(factors.indices).subtracting([index])
    // Whoever was asked for several trials at a time makes both of the most suspicious at once.
    if index == 0, factors.count > 1, evidence.problem.engine != nil {
      try prepare([others, [0]])
    }
    // That is mostly the one; then several at a time.
    if index > 0, (index - 1) % places == 0 {
      try prepare(
        (index..<min(index + places, factors.count)).map {
          Set(factors.indices).subtracting([$0])
        })
    }
    let answer = try answer(keeping: others)
    return answer == .undecided ? nil : answer == .holds
  }

  /// Whether the reference recipe is sick with only this factor inserted.
  ///
  /// Where the reference itself does not learn, only an explosion counts, and that of a recipe that
  /// explodes.
  mutating func insertSickens(_ index: Int) throws -> Bool? {
    switch try answer(keeping: [index]) {
    case .explodes where outcome == .explodes: return true
    case .explodes, .doesNotLearn:
      let reference = try answer(keeping: [])
      return reference == .undecided ? nil : reference == .holds
    case .holds, .notMade: return false
    case .undecided: return nil
    }
  }
}

extension Evidence {
  /// Steps after which what learns nothing had learnt nothing yet: a third of the run; all of it
  /// where the loss was lower by then than at the end.
  fileprivate func stalledSteps(_ training: Training) -> Int {
    let third = training.steps / 3
    guard let losses = trace?.losses, losses.count >= training.steps, third > 0 else {
      return training.steps
    }
    let window = losses[max(0, third - max(10, third / 5))..<third]
    let mean = window.reduce(0.0) { $0 + Double($1) } / Double(max(1, window.count))
    return mean < 0.95 * training.loss ? training.steps : third
  }
}
