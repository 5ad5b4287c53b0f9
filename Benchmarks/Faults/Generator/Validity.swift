import KeelRecipes
import KeelTraining

/// What makes a draw a case: held against the twin, over three seeds.
package struct Validity {
  /// The skill that a twin must have on every seed.
  package static let skill = 0.2

  /// The skill below which nothing was learnt.
  package static let learnt = 0.05

  package let seeds: [UInt64]
  package let folder: String

  package init(seed: UInt64, folder: String) {
    seeds = [seed, seed + 101, seed + 202]
    self.folder = folder
  }

  package func outcome(_ blueprint: Blueprint, seed: UInt64) throws -> Outcome {
    try Outcome(blueprint.recipe(seed: seed, in: folder))
  }

  /// - Returns: the outcomes on every seed, or nil at the first that is not wanted.
  package func outcomes(_ blueprint: Blueprint, where isWanted: (Outcome) -> Bool) throws
    -> [Outcome]?
  {
    var outcomes: [Outcome] = []
    for seed in seeds {
      let outcome = try outcome(blueprint, seed: seed)
      guard isWanted(outcome) else { return nil }
      outcomes.append(outcome)
    }
    return outcomes
  }

  package func areSick(_ blueprint: Blueprint) throws -> [Outcome]? {
    try outcomes(blueprint) { !$0.isHealthy }
  }

  package func areHealthy(_ blueprint: Blueprint) throws -> [Outcome]? {
    try outcomes(blueprint) { $0.isHealthy }
  }

  /// In the loss, and in the score that a cure is held to.
  package func haveSkill(_ blueprint: Blueprint) throws -> [Outcome]? {
    try outcomes(blueprint) {
      $0.isHealthy && $0.skill >= Self.skill && $0.score >= Self.skill
    }
  }
}

extension Blueprint {
  /// The same with the rate no higher than the textbook's: what insert-one inserts into.
  package var plain: Blueprint {
    var plain = self
    plain.rate = min(rate, optimizer.textbookRate)
    return plain
  }
}
