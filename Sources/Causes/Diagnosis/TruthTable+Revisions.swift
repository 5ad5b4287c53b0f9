import KeelEngine
import KeelForecast
import KeelRecipes
import KeelTraining

// The same experiments with other factors, where those at hand explain nothing.

extension TruthTable {
  /// The same experiments with the rate among the factors, held against one that the reference
  /// bears.
  ///
  /// Where nothing heals and the reference does not train either, its rate may be too high, or too
  /// low for the time there is, and no insertion tells anything. Nil where that is not so.
  /// - Throws: `CancellationError`.
  mutating func withMeasuredRate() throws -> TruthTable? {
    guard try !isAnyHealed(), steps < budget,
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
      evidence, others.map { factors[$0] } + [rate], fixed: fixed, outcome, until: horizon, budget,
      by: runner, observe: observe)
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
    guard try !isAnyHealed(), steps < budget, try answer(keeping: []) != .holds,
      let reference = changed(keeping: [])
    else { return nil }
    let known = Set((factors + fixed).map(\.name))
    let hidden = Factor.all(of: evidence.untrained(reference.recipe), in: catalog).filter {
      !known.contains($0.name) && $0.reset(reference) != nil
    }
    guard !hidden.isEmpty else { return nil }
    var table = TruthTable(
      evidence, factors + hidden, fixed: fixed, outcome, until: horizon, budget,
      by: runner, observe: observe)
    let new = Set(factors.count..<factors.count + hidden.count)
    for (kept, answer) in answers { table.answers[kept.union(new)] = answer }
    table.steps = steps
    table.rows = rows.map { row in
      TruthTableRow(
        kept: row.kept + hidden.map(\.name), outcome: row.outcome, steps: row.steps)
    }
    return table
  }
}
