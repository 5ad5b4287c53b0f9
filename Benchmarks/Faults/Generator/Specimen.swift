import Foundation
import KeelRecipes
import KeelTraining

/// A faulty recipe with its truth, or a healthy one: what a tool is then asked about.
package struct Specimen: Codable, Sendable {
  package enum Kind: String, Codable, Sendable {
    case single, overdetermined, joint, healthy, hard
    /// A fault below its edge: it trains, as well as its twin or much worse.
    case mild
  }

  package let id: String
  package let kind: Kind
  /// What a hard healthy one is; nil otherwise.
  package var hardness: String?
  package var blueprint: Blueprint
  package let seed: UInt64
  package var faults: [Fault] = []
  /// Over the seeds; the first is that of the recipe.
  package var outcomes: [Outcome] = []
  /// Of the twin, on the recipe's seed.
  package var twin: Outcome?
  /// How many settings the faults changed: two for a dropout in two layers.
  package var settings: Int?
  /// The largest rate that trains, measured; nil where nobody measured it.
  package var rateEdge: Double?

  package init(
    id: String, kind: Kind, hardness: String? = nil, blueprint: Blueprint, seed: UInt64,
    faults: [Fault] = []
  ) {
    (self.id, self.kind, self.hardness, self.blueprint) = (id, kind, hardness, blueprint)
    (self.seed, self.faults) = (seed, faults)
  }

  package var verdict: Verdict { outcomes[0].verdict }
  package var isFault: Bool { !faults.isEmpty }

  package func recipe(in folder: String) throws -> Recipe {
    try blueprint.recipe(seed: seed, in: folder)
  }
}

/// Why a draw came to nothing.
package struct Rejection: Codable, Hashable, Sendable {
  package let id: String
  package let reason: String

  package init(id: String, reason: String) { (self.id, self.reason) = (id, reason) }
}
