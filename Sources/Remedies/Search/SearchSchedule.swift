import KeelCauses
import KeelTraining

/// What is tried, and in which order: what undoes the causes, then all that deviates at once; where
/// that is not enough, single remedies for what was found, then pairs.
struct SearchSchedule: Schedule {
  private let evidence: Evidence
  private let strengths: Strengths
  private let known: CauseCatalog
  /// All remedies, and those that are not made for a cause that was cleared.
  private let whole: RemedyCatalog
  private let catalog: RemedyCatalog
  private let findings: [Finding]
  /// What was found, the surest first.
  private let causes: [String]
  /// Causes of which each is enough alone: all must be mended.
  private let separate: Set<String>
  /// Causes that deviate, and that the experiments have cleared: what is made for one of them is
  /// left out, or the cure would change what is known to be no fault.
  private let cleared: Set<String>

  init(
    _ strengths: Strengths, _ diagnosis: Diagnosis, causes known: CauseCatalog,
    remedies catalog: RemedyCatalog
  ) {
    let findings = diagnosis.findings
    let cleared = Self.cleared(by: diagnosis, strengths.evidence, known)
    self.known = known
    (self.strengths, evidence) = (strengths, strengths.evidence)
    whole = catalog
    self.catalog = RemedyCatalog(
      catalog.remedies.filter { cleared.isDisjoint(with: $0.undoes) })
    self.findings = findings
    self.cleared = cleared
    causes = findings.map(\.cause)
    separate = Set(findings.filter { $0.kind == .overdetermined }.map(\.cause))
  }

  private static func cleared(
    by diagnosis: Diagnosis, _ evidence: Evidence, _ known: CauseCatalog
  ) -> Set<String> {
    // Where nothing was proven, nothing was cleared either.
    guard diagnosis.findings.contains(where: { $0.kind != .suspect }) else { return [] }
    let deviating = known.causes.filter { $0.deviation(in: evidence) != nil }
    return Set(diagnosis.ruledOut.map(\.cause)).intersection(deviating.map { $0.name })
  }

  // MARK: undoing

  /// What the experiments have shown to be at work; where that does not convince, all that
  /// deviates; then, where it convinces and only then, what the experiments have cleared, too.
  var attempts: [Attempt] {
    [undoing, undoingOtherwise, everything].map { Attempt(brackets: $0) }
      + [Attempt(brackets: everythingCleared, isRemembered: false)]
  }

  /// What puts the causes back to where they do not deviate: the experiments have shown that this
  /// heals.
  ///
  /// Of causes each of which is enough alone all are undone at once; of a pair that needs both,
  /// either, or both.
  private var undoing: [Bracket] {
    guard let first = findings.first else { return [] }
    func names(_ kind: Finding.Kind) -> [String] {
      findings.filter { $0.kind == kind }.map(\.cause)
    }
    // A set that heals together is undone together.
    if first.partners != nil {
      return [together(findings.filter { $0.partners != nil }.map(\.cause))]
    }
    switch first.kind {
    case .cause, .contributing:
      return undoing(first.cause).map { kind in Bracket { strengths(of: [kind]) } }
    case .joint: return (names(.joint).map { [$0] } + [names(.joint)]).map(together)
    case .overdetermined:
      // Of those that share the rest of the blame mending one is enough.
      let enough = names(.overdetermined)
      let partners = names(.joint) + names(.contributing)
      return enough.count > 1 || partners.isEmpty
        ? [together(enough)]
        : partners.map { together(enough + [$0]) } + [together(enough + partners)]
    case .suspect: return [together(names(.suspect))]
    }
  }

  /// Of causes each of which is enough alone, one undone by another than the cheapest remedy: the
  /// experiments have shown that it heals to be without the cause, by whatever way.
  private var undoingOtherwise: [Bracket] {
    let names = findings.filter { $0.kind == .overdetermined }.map(\.cause)
    return names.flatMap { name in
      undoing(name).filter { $0 != cheapest(for: name) }.map { other in
        inOrder(names.compactMap { $0 == name ? other : cheapest(for: $0) })
      }
    }
  }

  /// The cheapest that undoes each of several causes.
  private func together(_ causes: [String]) -> Bracket {
    var seen: Set<String> = []
    return inOrder(causes.compactMap(cheapest).filter { seen.insert($0.name).inserted })
  }

  /// What changes network or data, before what a running training could take over: the rate that is
  /// measured after it must find it in place.
  private func cheapest(for cause: String) -> (any Remedy.Type)? {
    let undoing = undoing(cause)
    return undoing.first { !$0.isHot } ?? undoing.first
  }

  /// Remedies in the order in which they act: what changes network or data first, then the rate,
  /// which must suit what the others make of the recipe.
  private func inOrder(_ kinds: [any Remedy.Type]) -> Bracket {
    let cold = kinds.filter { !$0.isHot }.sorted { $0.price < $1.price }
    let rates = kinds.filter { $0.undoes.contains(LargeLearningRate.name) }
    let hot = kinds.filter { kind in kind.isHot && !rates.contains { $0 == kind } }
    return Bracket { strengths(of: cold + hot + rates.filter { $0.isHot }) }
  }

  /// The remedies under which a cause no longer deviates, the cheapest first; those that are made
  /// for it, where there is none (a rate that holds may lie above the reference).
  ///
  /// What comes too late for the first pass undoes nothing.
  private func undoing(_ name: String) -> [any Remedy.Type] {
    guard let cause = known.causes.first(where: { $0.name == name }) else {
      return []
    }
    let treating = catalog.remedies.filter { $0.treats.contains(name) }
      .sorted { $0.price < $1.price }
    let undoing = treating.filter { kind in
      guard kind.helpsBeforeUpdate,
        let changed = strengths.of(kind).first?.applied(to: evidence.problem)
      else { return false }
      return cause.deviation(in: evidence.with(changed)) == nil
    }
    return undoing.isEmpty ? Array(treating.filter { $0.undoes.contains(name) }.prefix(1)) : undoing
  }

  /// The first strength of each; the last one in its two mildest, or of another kind in three
  /// (three activations are no strengths of one).
  private func strengths(of kinds: [any Remedy.Type]) -> [[any Remedy]] {
    guard let last = kinds.last else { return [] }
    var heads: [any Remedy] = []
    var treated = evidence.problem
    func strengths(_ kind: any Remedy.Type) -> [any Remedy] {
      heads.isEmpty ? self.strengths.of(kind) : self.strengths.of(kind, for: treated.recipe)
    }
    for kind in kinds.dropLast() {
      // What changes nothing any more has been undone by those before.
      guard let head = strengths(kind).first, let recipe = head.applied(to: treated) else {
        continue
      }
      heads.append(head)
      treated = treated.with(recipe)
    }
    let ends = strengths(last)
      .prefix(last.isHot ? SearchPolicy.strengths.hot : SearchPolicy.strengths.cold)
    return ends.isEmpty && !heads.isEmpty ? [heads] : ends.map { heads + [$0] }
  }

  /// The cheapest remedy for each factor that deviates and was not cleared, at every rate.
  private var everything: [Bracket] { everything(but: cleared) }

  /// The same with what was cleared: it does not make the recipe explode, but where nothing else
  /// convinces it may be what keeps it from learning.
  private var everythingCleared: [Bracket] { cleared.isEmpty ? [] : everything(but: []) }

  private func everything(but cleared: Set<String>) -> [Bracket] {
    // The rate's own remedy joins them in every strength.
    let deviating = known.causes.filter {
      $0 != LargeLearningRate.self && $0.deviation(in: evidence) != nil
        && !cleared.contains($0.name)
    }
    let heads = deviating.compactMap { cause -> (any Remedy)? in
      whole.remedies.filter { $0.undoes.contains(cause.name) && !$0.isHot }
        .min { $0.price < $1.price }.flatMap { strengths.of($0).first }
    }.filter { $0.applied(to: evidence.problem) != nil }
    guard !heads.isEmpty else { return [] }
    let isRateCleared = cleared.contains(LargeLearningRate.name)
    return [
      Bracket {
        [heads] + (isRateCleared ? [] : extended(heads, by: LowerLearningRate.self))
      }
    ]
  }

  // MARK: searching

  /// What is tried in turn, and its share of the budget.
  var stages: [(brackets: [Bracket], share: Double)] {
    [(singles, SearchPolicy.shares.singles), (pairs, SearchPolicy.shares.pairs)]
  }

  /// Every strength of the remedies that treat what was found.
  private var singles: [Bracket] {
    ordered(catalog.remedies.filter { treats($0) && canHelp($0) }.map { [$0] }).map { kinds in
      Bracket { strengths.of(kinds[0]).map { [$0] } }
    }
  }

  /// The mildest strength of the remedies that are made for nothing that was found.
  var others: [Bracket] {
    ordered(catalog.remedies.filter { !treats($0) && canHelp($0) }.map { [$0] }).map { kinds in
      Bracket { strengths.of(kinds[0]).prefix(1).map { [$0] } }
    }
  }

  /// A remedy for what was found with any other, in the order in which they act: what changes the
  /// network or the data first, so that rates and limits are measured with it in place.
  private var pairs: [Bracket] {
    // Sound weights before what needs weights of its own.
    let cold = catalog.remedies.filter { !$0.isHot }.sorted { $0.price < $1.price }
    let kinds = cold + catalog.remedies.filter { $0.isHot }
    let combinations = kinds.indices.flatMap { first in
      kinds[(first + 1)...].map { [kinds[first], $0] }
    }
    return ordered(combinations.filter { $0.contains(where: treats) && canHelp($0[0]) }).map {
      kinds in
      Bracket { strengths.of(kinds[0]).prefix(1).flatMap { extended([$0], by: kinds[1]) } }
    }
  }

  /// What leads, with other rates: a training may hold and still be far from what it could reach.
  func challengers(_ leader: [any Remedy]) -> [Bracket] {
    guard leader.allSatisfy({ !type(of: $0).isHot }), !cleared.contains(LargeLearningRate.name)
    else { return [] }
    let kinds: [any Remedy.Type] = [AdaptLearningRate.self, LowerLearningRate.self]
    return kinds.map { kind in
      Bracket {
        Array(extended(leader, by: kind).prefix(SearchPolicy.strengths.challengers))
      }
    }
  }

  /// Remedies with one more, in the strengths that suit what the first ones make of the recipe.
  private func extended(_ heads: [any Remedy], by kind: any Remedy.Type) -> [[any Remedy]] {
    var treated = evidence.problem
    for head in heads {
      guard let recipe = head.applied(to: treated) else { return [] }
      treated = treated.with(recipe)
    }
    return strengths.of(kind, for: treated.recipe).prefix(SearchPolicy.strengths.cold)
      .map { heads + [$0] }
  }

  /// What mends more of the causes that must all be mended first; then what is made for a cause
  /// that was found; then the less invasive.
  private func ordered(_ combinations: [[any Remedy.Type]]) -> [[any Remedy.Type]] {
    let ranked = combinations.enumerated().map { place, kinds in
      let mended = separate.intersection(kinds.flatMap { $0.treats }).count
      let isMeant = kinds.contains { $0.undoes.contains(where: causes.contains) }
      let invasiveness = kinds.reduce(0) { $0 + $1.price.invasiveness }
      return (kinds: kinds, rank: (-mended, isMeant ? 0 : 1, invasiveness, place))
    }
    return ranked.sorted { $0.rank < $1.rank }.map(\.kinds)
  }

  private func treats(_ remedy: any Remedy.Type) -> Bool {
    causes.isEmpty || remedy.treats.contains(where: causes.contains)
  }

  /// What acts on gradients comes too late where the first pass overflows.
  private func canHelp(_ remedy: any Remedy.Type) -> Bool {
    remedy.helpsBeforeUpdate || !evidence.isLostBeforeUpdate
  }
}
