import KeelEngine
import KeelRecipes
import KeelTraining

/// Short trainings with some of the deviating factors kept and the others reset: the proof of a
/// diagnosis.
package struct TruthTable {
  /// A factor that deviates.
  package struct Factor {
    let cause: any Cause.Type
    let deviation: Deviation
  }

  private let subject: Subject
  private let factors: [Factor]
  /// The step in which the recipe exploded: a trial must go beyond it.
  private let horizon: Int
  private var trials: [Set<Int>: Trial.Outcome?] = [:]
  package private(set) var rows: [TruthTableRow] = []
  package private(set) var steps = 0

  init(_ subject: Subject, _ factors: [Factor], until horizon: Int) {
    self.subject = subject
    self.factors = factors
    self.horizon = horizon
    trials[Set(factors.indices)] = .some(.explodes)
  }

  // MARK: experiments

  /// Trains with only `kept` as the recipe has them; nil where the factors cannot be reset.
  private mutating func outcome(keeping kept: Set<Int>) throws -> Trial.Outcome? {
    if let known = trials[kept] { return known }
    let outcome = try trial(kept)
    trials[kept] = .some(outcome)
    return outcome
  }

  /// The recipe with every factor reset that is not in `kept`; nil where one cannot be.
  ///
  /// One reset may depend on another (He or Xavier, by the activation), so they go round until
  /// nothing changes, which takes two rounds.
  package func recipe(keeping kept: Set<Int>) -> Recipe? {
    var changed = subject
    for _ in 0..<2 {
      for index in factors.indices where !kept.contains(index) {
        guard let recipe = factors[index].cause.reset(changed) else { return nil }
        changed = changed.with(recipe)
      }
    }
    return changed.recipe
  }

  private mutating func trial(_ kept: Set<Int>) throws -> Trial.Outcome? {
    guard let changed = recipe(keeping: kept) else { return nil }
    let trial: Trial
    do {
      trial = try Trial(
        changed, against: subject.recipe, parts: subject.parts, atLeast: 2 * horizon)
    } catch is KeelError {
      return nil
    }
    steps += trial.training.steps
    rows.append(
      TruthTableRow(
        kept: kept.sorted().map { factors[$0].cause.name }, outcome: trial.outcome.rawValue,
        steps: trial.training.steps))
    return trial.outcome
  }

  /// Whether the recipe is healthy with only this factor reset.
  private mutating func resetHeals(_ index: Int) throws -> Bool {
    try outcome(keeping: Set(factors.indices).subtracting([index])) == .holds
  }

  /// Whether the reference recipe is sick with only this factor inserted. Where the reference itself
  /// does not learn, only an explosion counts.
  private mutating func insertSickens(_ index: Int) throws -> Bool {
    switch try outcome(keeping: [index]) {
    case .explodes: true
    case .doesNotLearn: try outcome(keeping: []) == .holds
    case .holds, nil: false
    }
  }

  // MARK: what they show

  /// Causes first, then those that share the blame, then suspects; within a kind the further off.
  mutating func findings() throws -> [Finding] {
    let heals = try factors.indices.map { try resetHeals($0) }
    let sickens = try factors.indices.map { try insertSickens($0) }
    let isAnyHealed = heals.contains(true)
    let isAnySick = sickens.contains(true)
    let kinds = factors.indices.map { index -> Finding.Kind? in
      switch (heals[index], sickens[index]) {
      case (true, true): .cause
      case (true, false): !isAnySick && heals.count { $0 } > 1 ? .joint : .contributing
      case (false, true):
        // One factor alone that neither heals is no proof; of several the rest is enough, too.
        isAnyHealed ? nil : factors.count > 1 ? .overdetermined : .suspect
      case (false, false): isAnyHealed || isAnySick ? nil : .suspect
      }
    }
    let order: [Finding.Kind] = [.cause, .overdetermined, .joint, .contributing, .suspect]
    return order.flatMap { kind in
      factors.indices.filter { kinds[$0] == kind }.map { finding($0, kind) }
    }
  }

  /// Not yet fitted to a benchmark of faults; without a trial that decides, no more than 0.8.
  private func confidence(_ kind: Finding.Kind) -> Double {
    switch kind {
    case .cause: 0.95
    case .overdetermined, .joint: 0.9
    case .contributing: 0.85
    case .suspect: 0.5
    }
  }

  private func finding(_ index: Int, _ kind: Finding.Kind) -> Finding {
    let factor = factors[index]
    return Finding(
      cause: factor.cause.name, confidence: confidence(kind), kind: kind,
      place: factor.deviation.place,
      exhibits: [
        Exhibit(
          quantity: factor.deviation.quantity, measured: factor.deviation.value,
          expected: factor.deviation.reference, layer: factor.deviation.place, step: 0,
          command: command(factor))
      ])
  }

  /// What resets this factor alone, as a command line.
  private func command(_ factor: Factor) -> String? {
    guard let reset = factor.cause.reset(subject) else { return nil }
    let changes = reset.diff(from: subject.recipe)
    let settings = changes.compactMap { change in
      change.to.map { "--set '\(change.path)=\($0.line)'" }
    }
    return settings.count == changes.count
      ? "keel train \(subject.recipe.folder.line) " + settings.joined(separator: " ") : nil
  }

  /// Why a factor that deviates is not to blame.
  mutating func innocence(of factor: Factor) throws -> String {
    let index = factors.firstIndex { $0.cause.name == factor.cause.name }!
    let without = try outcome(keeping: Set(factors.indices).subtracting([index]))
    let alone = try outcome(keeping: [index])
    return "with it reset the recipe \(without?.words ?? "cannot be planned"); "
      + "with it alone a sound one \(alone == .explodes ? "explodes" : alone?.words ?? "cannot be planned")"
  }
}
