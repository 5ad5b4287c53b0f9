import KeelCauses
import KeelRecipes
import KeelTraining

/// A case from the first explosion to the last training. Its coding keys are part of the command's
/// contract.
public struct CaseHistory: Codable, Sendable {
  public enum Outcome: String, Codable, Sendable {
    /// It trained well as it was.
    case healthy
    case cured
    /// No remedy made it train; `recipe` is the best attempt.
    case incurable
    /// It does not train, but it does not explode either.
    case notExploding = "not-exploding"
  }

  /// A remedy and what it changed.
  public struct Treatment: Codable, Hashable, Sendable {
    public let remedy: String
    public let changes: [Change]
  }

  public struct TrialRecord: Codable, Sendable {
    public let remedies: [Treatment]
    public let outcome: String
    public let steps: Int
    public let loss: Double
    public let score: Double
  }

  /// Every gradient evaluation, the failed run's included.
  public struct Cost: Codable, Hashable, Sendable {
    public let steps: Int
    /// Over one full training or 1,000 steps, whichever is longer.
    public let relativeToOneTraining: Double
  }

  /// The recipe to use from now on.
  public let recipe: Recipe
  public let outcome: Outcome
  public let findings: [Finding]
  public let remedies: [Treatment]
  public let trials: [TrialRecord]
  public let before: Training
  public let after: Training?
  public let cost: Cost

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(recipe, forKey: .recipe)
    try container.encode(outcome, forKey: .outcome)
    try container.encode(findings, forKey: .findings)
    try container.encode(remedies, forKey: .remedies)
    try container.encode(trials, forKey: .trials)
    try container.encode(before, forKey: .before)
    try container.encode(after, forKey: .after)
    try container.encode(cost, forKey: .cost)
  }
}
