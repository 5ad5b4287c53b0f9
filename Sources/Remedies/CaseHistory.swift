import KeelCauses
import KeelRecipes
import KeelTraining

/// A case from the first explosion to the last training. Its coding keys are part of the command's
/// contract.
public struct CaseHistory: Encodable, Sendable {
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

  public struct TrialRecord: Encodable, Sendable {
    public let remedies: [Treatment]
    public let outcome: String
    public let steps: Int
    public let loss: Double
    public let score: Double
  }

  /// Every gradient evaluation, the failed run's included.
  public struct Cost: Encodable, Hashable, Sendable {
    public let steps: Int
    /// Over one full training or 1,000 steps, whichever is longer.
    public let relativeToOneTraining: Double
    /// What it is relative to.
    let full: Int

    enum CodingKeys: CodingKey { case steps, relativeToOneTraining }

    init(steps: Int, full: Int) {
      (self.steps, self.full) = (steps, full)
      relativeToOneTraining = Double(steps) / Double(full)
    }
  }

  /// The recipe to use from now on.
  public private(set) var recipe: Recipe
  public private(set) var outcome: Outcome
  public private(set) var findings: [Finding] = []
  public private(set) var remedies: [Treatment] = []
  public internal(set) var trials: [TrialRecord] = []
  public let before: Training
  public private(set) var after: Training?
  public private(set) var cost: Cost

  enum CodingKeys: CodingKey {
    case recipe, outcome, findings, remedies, trials, before, after, cost
  }

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

// MARK: writing it down

extension CaseHistory {
  /// A case that begins with a training; if that exploded, it counts as incurable until it is cured.
  init(_ recipe: Recipe, _ before: Training, fullSteps: Int) {
    self.recipe = recipe
    self.before = before
    outcome =
      switch before.verdict {
      case .healthy: .healthy
      case .exploding: .incurable
      case .vanishing, .stalled: .notExploding
      }
    cost = Cost(steps: before.steps, full: max(1000, fullSteps))
  }

  mutating func add(_ diagnosis: Diagnosis) {
    findings = diagnosis.findings
    spend(diagnosis.trialSteps)
  }

  /// Steps that were taken.
  mutating func spend(_ steps: Int) { cost = Cost(steps: cost.steps + steps, full: cost.full) }

  func cured(by contender: Contender) -> CaseHistory {
    var history = self
    history.recipe = contender.recipe
    history.remedies = contender.treatments
    history.after = contender.training
    history.outcome = .cured
    return history
  }
}
