import KeelData
import KeelEngine
import KeelForecast
import KeelRecipes
import KeelTraining

/// Short trainings with some of the deviating factors kept and the others reset: the proof of a
/// diagnosis.
package struct TruthTable {
  private let evidence: Evidence
  package let factors: [Factor]
  /// Factors that cannot be reset: every experiment has them, and none decides on them.
  let fixed: [Factor]
  /// Steps before a trial is said to hold: twice as many as the recipe took to explode, a third of
  /// all where it learnt nothing (that a trial does not is said at its end); three hundred at
  /// least, as trials of remedies have in three rounds (what one factor does in five steps another
  /// may do in two hundred).
  private let horizon: Int
  private static let shortest = 300
  /// Where the reference has not learnt at the end of the recipe, and its loss still falls,
  /// experiments that are as slow repeat the data up to here: two more rounds of three times as
  /// many steps. (A reference rate may be a hundred thousand times lower than the one that
  /// explodes.)
  private static let patience = 9 * shortest
  /// How the recipe itself ended.
  private let outcome: TrialOutcome
  /// Steps that all trials together may take.
  private let budget: Int
  private var answers: [Set<Int>: TrialOutcome] = [:]
  /// Experiments that took longer than the recipe.
  private var lengthened: Set<Recipe> = []
  /// Whether the reference needs longer than the recipe to learn; nil where nobody asked yet.
  private var isReferenceSlow: Bool?
  /// The factors that heal together, where none does alone.
  private var set: [Int] = []
  package private(set) var rows: [TruthTableRow] = []
  package private(set) var steps = 0

  /// - Parameter training: how the recipe's own ended.
  init(_ evidence: Evidence, _ factors: [Factor], of training: Training, budget: Int) {
    let isExploding = training.verdict == .exploding
    self.init(
      evidence, factors.filter { $0.reset(evidence) != nil },
      fixed: factors.filter { $0.reset(evidence) == nil }, .init(training.verdict),
      until: max(Self.shortest, isExploding ? 2 * training.steps : evidence.stalledSteps(training)),
      budget)
  }

  private init(
    _ evidence: Evidence, _ factors: [Factor], fixed: [Factor], _ outcome: TrialOutcome,
    until horizon: Int, _ budget: Int
  ) {
    (self.evidence, self.factors, self.outcome) = (evidence, factors, outcome)
    (self.horizon, self.budget, self.fixed) = (horizon, budget, fixed)
    answers[Set(factors.indices)] = outcome
  }

  // MARK: experiments

  /// What becomes of the recipe with only `kept` as it has them.
  private mutating func answer(keeping kept: Set<Int>) throws -> TrialOutcome {
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
    guard steps < budget else { return .undecided }
    guard let changed = changed(keeping: kept),
      let trial = try train(changed, isReference: kept.isEmpty)
    else { return .notMade }
    rows.append(
      TruthTableRow(
        kept: (fixed + kept.sorted().map { factors[$0] }).map(\.name),
        outcome: trial.outcome, steps: trial.training.steps))
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
    let trial = try Trial(
      problem, against: evidence.recipe, atLeast: horizon, atMost: budget - steps)
    steps += trial.training.steps
    return trial
  }

  /// Whether the reference has not learnt by the end of the recipe, and might yet.
  private mutating func needsTime() throws -> Bool {
    if isReferenceSlow == nil { _ = try answer(keeping: []) }
    return isReferenceSlow ?? false
  }

  private func lasting(_ changed: Evidence) -> Recipe {
    changed.recipe.lasting(Self.patience, rows: changed.problem.rows.train.count)
  }

  /// A factor that was seen to heal, narrowed to the part of it whose reset alone does; nil where
  /// it has no parts.
  ///
  /// Where no part is enough, it is named after the one part without which it does not explode.
  mutating func narrowed(_ index: Int) throws -> Factor? {
    let factor = factors[index]
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

  /// Whether the recipe is healthy with only this factor reset; nil where it was not found out.
  private mutating func resetHeals(_ index: Int) throws -> Bool? {
    let answer = try answer(keeping: Set(factors.indices).subtracting([index]))
    return answer == .undecided ? nil : answer == .holds
  }

  /// Whether the reference recipe is sick with only this factor inserted.
  ///
  /// Where the reference itself does not learn, only an explosion counts, and that of a recipe that
  /// explodes.
  private mutating func insertSickens(_ index: Int) throws -> Bool? {
    switch try answer(keeping: [index]) {
    case .explodes where outcome == .explodes: return true
    case .explodes, .doesNotLearn:
      let reference = try answer(keeping: [])
      return reference == .undecided ? nil : reference == .holds
    case .holds, .notMade: return false
    case .undecided: return nil
    }
  }

  /// The same experiments with the rate among the factors, held against one that the reference
  /// bears.
  ///
  /// Where nothing heals and the reference does not train either, its rate may be too high, or too
  /// low for the time there is, and no insertion tells anything. Nil where that is not so.
  /// - Throws: `CancellationError`.
  mutating func withMeasuredRate() throws -> TruthTable? {
    let isAnyHealed = try factors.indices.contains { try resetHeals($0) == true }
    guard !isAnyHealed, steps < budget,
      [.explodes, .doesNotLearn].contains(try answer(keeping: [])),
      let reference = changed(keeping: []),
      let dynamics = try? InitialDynamics(reference.problem)
    else { return nil }
    steps += dynamics.evaluations
    let optimizer = evidence.recipe.optimizer.member
    guard let limit = dynamics.rate else { return nil }
    let isTooHigh = try answer(keeping: []) == .explodes
    let used = reference.recipe.optimizer.member.learningRate
    // Forty steps may hold where the training does not.
    let measured = rounded(
      (isTooHigh ? min(limit, used) : limit) * type(of: optimizer).shareOfLimit)
    guard isTooHigh || measured > used else { return nil }
    return replacingRate(by: Factor(rate: optimizer.learningRate, against: measured))
  }

  /// The table with another reference for the rate; what was learnt with the recipe's own rate
  /// stays.
  private func replacingRate(by rate: Factor) -> TruthTable {
    let others = factors.indices.filter { !Self.isRate(factors[$0]) }
    let old = Set(factors.indices).subtracting(others)
    var table = TruthTable(
      evidence, others.map { factors[$0] } + [rate], fixed: fixed, outcome, until: horizon, budget)
    table.steps = steps
    for (kept, answer) in answers where kept.isSuperset(of: old) {
      let kept = Set(others.indices.filter { kept.contains(others[$0]) })
      table.answers[kept.union([others.count])] = answer
    }
    let names = old.map { factors[$0].name }
    table.rows = rows.filter { Set($0.kept).isSuperset(of: names) }.map { row in
      TruthTableRow(
        kept: row.kept.filter { !names.contains($0) } + [rate.name],
        outcome: row.outcome, steps: row.steps)
    }
    return table
  }

  /// A base rate that is too high or too low.
  private static func isRate(_ factor: Factor) -> Bool {
    factor.cause == LargeLearningRate.self || factor.cause == LowLearningRate.self
  }

  /// The same experiments with what the other factors hid.
  ///
  /// A rate that is too low explodes nothing, and weights of nothing neither, until what exploded
  /// is reset. Nil where the reference trains, or hides nothing.
  /// - Throws: `CancellationError`.
  mutating func withHidden(_ catalog: CauseCatalog) throws -> TruthTable? {
    let isAnyHealed = try factors.indices.contains { try resetHeals($0) == true }
    guard !isAnyHealed, steps < budget, try answer(keeping: []) != .holds,
      let reference = changed(keeping: [])
    else { return nil }
    let known = Set((factors + fixed).map(\.name))
    let hidden = Factor.all(of: evidence.untrained(reference.recipe), in: catalog).filter {
      !known.contains($0.name) && $0.reset(reference) != nil
    }
    guard !hidden.isEmpty else { return nil }
    var table = TruthTable(
      evidence, factors + hidden, fixed: fixed, outcome, until: horizon, budget)
    let new = Set(factors.count..<factors.count + hidden.count)
    for (kept, answer) in answers { table.answers[kept.union(new)] = answer }
    table.steps = steps
    table.rows = rows.map { row in
      TruthTableRow(
        kept: row.kept + hidden.map(\.name), outcome: row.outcome, steps: row.steps)
    }
    return table
  }

  // MARK: what they show

  /// What becomes of the recipe with every factor reset; nil where that was not tried.
  var reference: TrialOutcome? { factors.isEmpty ? nil : answers[[]] }

  /// The recipe with every factor reset, where it was seen to train, for as long as that took.
  var soundReference: Recipe? {
    guard reference == .holds, let changed = changed(keeping: []) else { return nil }
    return lengthened.contains(changed.recipe) ? lasting(changed) : changed.recipe
  }

  /// The names of the others whose reset heals with a factor's, and not without.
  func partners(of index: Int) -> [String]? {
    guard set.contains(index), set.count > 1 else { return nil }
    return set.filter { $0 != index }.map { factors[$0].name }
  }

  /// The kind of each factor, in their order; nil where it is not to blame.
  mutating func kinds() throws -> [Finding.Kind?] {
    // One whose reset heals, and which is enough alone, explains all there is: no more is asked.
    for index in factors.indices {
      if try resetHeals(index) == true, try insertSickens(index) == true {
        return factors.indices.map { $0 == index ? .cause : nil }
      }
    }
    let heals = try factors.indices.map { try resetHeals($0) }
    let sickens = try factors.indices.map { try insertSickens($0) }
    let isAnyHealed = heals.contains(true)
    // Where even the reference explodes, no insertion tells anything.
    if !isAnyHealed, sickens.contains(true), try answer(keeping: []) == .explodes {
      return factors.map { _ in .suspect }
    }
    let kinds = try withPartners(Self.kinds(heals: heals, sickens: sickens))
    guard !isAnyHealed, factors.count > 1 else { return kinds }
    let blamed = factors.indices.filter { kinds[$0] != nil && kinds[$0] != .suspect }
    if try resetting(blamed), !kinds.contains(.joint) {
      set = try minimal(blamed)
      return factors.indices.map { set.contains($0) ? kinds[$0] : nil }
    }
    guard !kinds.contains(.joint), try answer(keeping: []) == .holds else { return kinds }
    set = try minimal(Array(factors.indices))
    // What the budget left open is no proof.
    guard steps < budget else { return factors.indices.map { set.contains($0) ? .suspect : nil } }
    let isAlone = set.count { sickens[$0] == true } == 1
    return factors.indices.map { index in
      guard set.contains(index) else { return nil }
      // Never of one alone.
      return sickens[index] == true && !isAlone ? .overdetermined : .contributing
    }
  }

  /// Whether the recipe is healthy with these factors reset, and no others.
  private mutating func resetting(_ reset: [Int]) throws -> Bool {
    try !reset.isEmpty && answer(keeping: Set(factors.indices).subtracting(reset)) == .holds
  }

  /// Of factors that heal together those of which none can be spared.
  private mutating func minimal(_ factors: [Int]) throws -> [Int] {
    try DeltaDebugging.minimal(factors) { try resetting($0) }
  }

  /// Where one factor alone is enough and yet not the only fault, the others are to blame together:
  /// those whose reset heals once the first is reset.
  ///
  /// Without any it is suspected at most.
  private mutating func withPartners(_ kinds: [Finding.Kind?]) throws -> [Finding.Kind?] {
    let enough = kinds.indices.filter { kinds[$0] == .overdetermined }
    guard enough.count == 1, let first = enough.first else { return kinds }
    let others = kinds.indices.filter { $0 != first }
    let partners = try others.filter { other in
      try answer(keeping: Set(others).subtracting([other])) == .holds
    }
    let isEither = partners.count > 1
    return kinds.indices.map { index in
      if index == first { return partners.isEmpty ? .suspect : .overdetermined }
      guard partners.contains(index) else { return kinds[index] }
      return isEither ? .joint : .contributing
    }
  }

  /// What two experiments a factor show of all of them; nil where one was not decided.
  /// - Parameters:
  ///   - heals: whether the recipe is healthy with only this factor reset.
  ///   - sickens: whether the reference is sick with only this factor inserted.
  package static func kinds(heals: [Bool?], sickens: [Bool?]) -> [Finding.Kind?] {
    let isAnyHealed = heals.contains(true)
    let isAnySick = sickens.contains(true)
    return zip(heals, sickens).map { pair in
      switch pair {
      case (true, true): .cause
      case (true, false):
        // What the others do alone must be known to say that none of them is enough.
        heals.count { $0 == true } > 1 && !isAnySick && !sickens.contains(nil)
          ? .joint : .contributing
      case (false, true):
        // One factor alone that neither heals is no proof; of several the rest is enough, too. An
        // open reset might still heal.
        isAnyHealed ? nil : heals.count > 1 && !heals.contains(nil) ? .overdetermined : .suspect
      case (false, false): isAnyHealed || isAnySick ? nil : .suspect
      case (nil, _), (_, nil): .suspect
      }
    }
  }

  /// The recipe that shows a factor's part: with it reset, or with those it heals together with, or
  /// with all; nil where none was seen to learn.
  /// - Parameter suspect: the factor, or the part of it that heals.
  func healed(_ index: Int, _ kind: Finding.Kind, as suspect: Factor) -> Recipe? {
    let isShared = set.contains(index) || kind == .overdetermined
    let kept =
      set.contains(index)
      ? Set(factors.indices).subtracting(set)
      : kind == .overdetermined ? [] : Set(factors.indices).subtracting([index])
    guard answers[kept] == .holds else { return nil }
    let healed = isShared ? changed(keeping: kept) : suspect.reset(evidence).map(evidence.with)
    return healed.map { healed in
      lengthened.contains(healed.recipe)
        ? lasting(healed)
        : healed.recipe.lasting(Trial.least, rows: healed.problem.rows.train.count)
    }
  }

  /// Why a factor that deviates is not to blame.
  ///
  /// Nil where that was not asked, because another explains it alone.
  func innocence(of index: Int) -> String? {
    guard let without = answers[Set(factors.indices).subtracting([index])], without != .holds,
      let alone = answers[[index]]
    else { return nil }
    return
      "with it reset the recipe \(Self.words(without, explodes: outcome == .explodes ? "still explodes" : "explodes")); "
      + "with it alone a sound one \(Self.words(alone, explodes: "explodes"))"
  }

  private static func words(_ answer: TrialOutcome, explodes: String) -> String {
    switch answer {
    case .holds: "learns"
    case .explodes: explodes
    case .doesNotLearn: "does not learn"
    case .notMade: "cannot be trained"
    case .undecided: "was not trained long enough"
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

  /// The recipe with factors reset; nil where one cannot be.
  ///
  /// One reset may depend on another (He or Xavier, by the activation), so they go round until
  /// nothing changes, which takes two rounds.
  package func resetting(_ factors: [Factor]) -> Evidence? {
    var changed = self
    for _ in 0..<2 {
      for factor in factors {
        guard let reset = factor.reset(changed) else { return nil }
        changed = changed.with(reset)
      }
    }
    return changed
  }
}
