import KeelRecipes
import KeelTraining

// What the experiments show of each factor.

extension TruthTable {
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
    try prepare(factors.indices.map { [$0] })
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
