import KeelRecipes
import KeelTraining

/// A setting that deviates, or several that act as one: what symptoms raise, and trials then judge.
public struct Factor: Sendable {
  /// The cause that claims it.
  public let cause: any Cause.Type
  /// How far it lies beyond its reference.
  public let deviation: Deviation
  /// Which of several settings that one cause claims: `optimizer.adam.epsilon`; nil where it claims
  /// one factor.
  public let setting: String?
  /// Puts the factor, and no other, to its reference; nil where it cannot be put there.
  public let reset: @Sendable (Evidence) -> Recipe?

  /// The whole of what a cause claims.
  public init(_ cause: any Cause.Type, _ deviation: Deviation) {
    self.init(cause, deviation) { cause.reset($0) }
  }

  /// - Parameters:
  ///   - setting: which of several that the cause claims.
  ///   - reset: puts the factor, and no other, to its reference; nil where it cannot be put there.
  public init(
    _ cause: any Cause.Type, _ deviation: Deviation, setting: String? = nil,
    reset: @escaping @Sendable (Evidence) -> Recipe?
  ) {
    (self.cause, self.deviation) = (cause, deviation)
    (self.setting, self.reset) = (setting, reset)
  }

  /// A learning rate held against one that was measured.
  init(rate: Double, against reference: Double) {
    let isHigh = rate > reference
    self.init(
      isHigh ? LargeLearningRate.self : LowLearningRate.self,
      Deviation(quantity: "learning rate", value: rate, reference: reference)
    ) { evidence in
      let own = evidence.recipe.optimizer.member.learningRate
      return evidence.recipe.withLearningRate(isHigh ? min(reference, own) : max(reference, own))
    }
  }

  /// The cause's name, and the setting where it claims several.
  package var name: String { [cause.name, setting].compactMap(\.self).joined(separator: " ") }

  /// Every factor that deviates, the one furthest off first.
  package static func all(of evidence: Evidence, in catalog: CauseCatalog) -> [Factor] {
    if let knobs = evidence.problem.engine?.knobs {
      return all(of: knobs, in: evidence, catalog)
    }
    let factors = catalog.causes.flatMap { $0.factors(in: evidence) }
    let claimed = claimedSettings(factors, evidence)
    return factors.filter { factor in
      factor.cause != UnusualSetting.self || claimed.isEmpty
        || claimed.isDisjoint(with: factor.settings(evidence))
    }.sorted { $0.deviation.decades > $1.deviation.decades }
  }

  /// The settings that causes of somebody's own put back: no more the rest that no cause claims.
  private static func claimedSettings(_ factors: [Factor], _ evidence: Evidence) -> Set<String> {
    let known = Set(CauseCatalog.standard.causes.map(ObjectIdentifier.init))
    return factors.filter { !known.contains(ObjectIdentifier($0.cause)) }
      .reduce(into: []) { $0.formUnion($1.settings(evidence)) }
  }

  /// The paths that its reset changes.
  private func settings(_ evidence: Evidence) -> [String] {
    reset(evidence)?.settings(insteadOf: evidence.recipe).map(\.path) ?? []
  }

  /// What deviates, with no experiment: the most that a forecast alone can say.
  package static func findings(
    in evidence: Evidence, _ catalog: CauseCatalog
  ) -> [Finding] {
    let suspects = all(of: evidence, in: catalog)
    // Nothing but an experiment tells them apart: they share what may be claimed without one.
    let share = Finding.unproven / Double(max(1, suspects.count))
    return suspects.map {
      $0.finding(
        .suspect, confidence: share, in: evidence, healed: $0.reset(evidence))
    }
  }

  /// - Parameters:
  ///   - confidence: without a trial at most 0.8.
  ///   - partners: names of the factors that it heals together with, where it does not alone.
  ///   - healed: the recipe whose training shows it.
  func finding(
    _ kind: Finding.Kind, confidence: Double, with partners: [String]? = nil,
    in evidence: Evidence, healed: Recipe?
  ) -> Finding {
    // What somebody else trains, no command of Keel's measures again.
    let isOwn = evidence.problem.engine == nil
    let main = Exhibit(
      quantity: deviation.quantity, measured: deviation.value, expected: deviation.reference,
      layer: deviation.layer, step: 0,
      reproduction: isOwn
        ? healed.flatMap { Self.training(of: $0, instead: evidence.recipe) } ?? .diagnosis : nil)
    let measured = evidence.forecast.map { cause.exhibits(in: $0) } ?? []
    let recorded = evidence.trace.map { cause.exhibits(in: $0, of: evidence.problem) } ?? []
    return Finding(
      cause: cause.name, confidence: confidence, kind: kind, place: deviation.place,
      partners: partners,
      exhibits: [main] + measured.map { $0.reproduced(by: .forecast) }
        + recorded.map { isOwn ? $0.reproduced(by: .training(changes: [])) : $0 })
  }

  /// Nil where the two are one.
  private static func training(
    of changed: Recipe, instead recipe: Recipe
  ) -> Exhibit.Reproduction? {
    let changes = changed.settings(insteadOf: recipe)
    return changes.isEmpty ? nil : .training(changes: changes)
  }
}
