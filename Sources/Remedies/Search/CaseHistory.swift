import KeelCauses
import KeelEngine
import KeelFrameworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// A case from the first explosion to the last training.
///
/// Its coding keys are part of the command's contract.
public struct CaseHistory: Codable, Sendable {
  /// What became of the case.
  public enum Outcome: String, Codable, CaseIterable, Sendable {
    /// It trained well as it was.
    case healthy
    case cured
    /// No remedy made it train; `recipe` is as it was.
    case incurable
    /// It learns nothing, but does not explode, and nothing else was to be cured.
    case notExploding = "not-exploding"
    /// Somebody interrupted the search; what was known by then is kept.
    case interrupted
  }

  /// What a cure was shown by.
  public enum Confirmation: String, Codable, Sendable {
    /// It was trained to the end of the recipe.
    case training
    /// It held in trials; the budget ended before a whole training.
    case trials
  }

  /// A remedy and what it changed.
  public struct Treatment: Codable, Hashable, Sendable {
    /// The remedy's name: `lower-learning-rate`.
    public let remedy: String
    /// Where the recipe differs from the one before the remedy.
    public let changes: [Change]
    /// What it comes to elsewhere, by framework; only for what cured.
    public internal(set) var lines: [String: [String]]?
  }

  /// What a recipe reaches with everything put back that deviates.
  public struct Reach: Codable, Hashable, Sendable {
    /// The score that it then has.
    public let score: Double
    /// What was put back.
    public let changes: [Change]
  }

  /// A trial of one or more remedies, and what became of it.
  public struct TrialRecord: Hashable, Codable, Sendable {
    /// What was applied, in order.
    public let remedies: [Treatment]
    /// What became of it.
    public let outcome: TrialOutcome
    /// How far it was trained, in steps from the recipe's first.
    public let steps: Int
    /// The mean data loss at the end of the trial.
    public let loss: Double
    /// The metric of the test part, or of the training part; −∞ if it exploded.
    public let score: Double
    /// The seed of the trial; another than the recipe's where it was a check.
    public let seed: UInt64
  }

  /// Every gradient evaluation, the failed run's included.
  public struct Cost: Codable, Hashable, Sendable {
    /// Gradient evaluations in all.
    public let steps: Int
    /// Over one full training or 1,000 steps, whichever is longer.
    public let relativeToOneTraining: Double
    /// What it is relative to.
    let full: Int
    /// The part of the steps that the diagnosis' experiments took.
    public let diagnosis: Int

    enum CodingKeys: CodingKey { case steps, relativeToOneTraining, diagnosis }

    init(steps: Int, diagnosis: Int = 0, full: Int) {
      (self.steps, self.diagnosis, self.full) = (steps, diagnosis, full)
      relativeToOneTraining = Double(steps) / Double(full)
    }

    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      let steps = try container.decode(Int.self, forKey: .steps)
      let relative = try container.decode(Double.self, forKey: .relativeToOneTraining)
      let diagnosis = try container.decode(Int.self, forKey: .diagnosis)
      guard relative > 0, relative.isFinite, Double(steps) / relative < 1e18 else {
        throw DecodingError.dataCorruptedError(
          forKey: .relativeToOneTraining, in: container,
          debugDescription: "\(relative) is no share of a training")
      }
      self.init(
        steps: steps, diagnosis: diagnosis, full: Int((Double(steps) / relative).rounded()))
    }
  }

  /// The recipe to use from now on.
  public private(set) var recipe: Recipe
  /// How it ended.
  public internal(set) var outcome: Outcome
  /// Nil where nothing was cured.
  public private(set) var confirmed: Confirmation?
  /// The causes at work, the surest first.
  public private(set) var findings: [Finding] = []
  /// The causes that are not at work, each with the reason.
  public private(set) var ruledOut: [Diagnosis.RuledOut] = []
  /// The experiments of the diagnosis; nil where there was none.
  public private(set) var truthTable: [TruthTableRow]?
  /// What becomes of the recipe with everything reset that deviates; nil where that was not tried.
  public private(set) var reference: TrialOutcome?
  /// What a healthy training misses, where that is much; nil where it is not, or nobody looked.
  public internal(set) var couldReach: Reach?
  /// What cured it, in the order in which it is applied; empty where nothing did.
  public private(set) var remedies: [Treatment] = []
  /// The trials of remedies, in the order in which they were made.
  public internal(set) var trials: [TrialRecord] = []
  /// The training of the recipe as it was.
  public let before: Training
  /// The whole training of the cured recipe; nil where there was none.
  public private(set) var after: Training?
  /// What everything took, the first training included.
  public private(set) var cost: Cost

  /// Of what was tried on the recipe's own seed and did not cure, what came nearest: what holds
  /// before what does not, then what was trained longest, then the better.
  public var bestAttempt: TrialRecord? {
    guard outcome != .cured else { return nil }
    func rank(_ trial: TrialRecord) -> (Int, Int, Double) {
      (trial.outcome == .holds ? 1 : 0, trial.steps, trial.score)
    }
    return trials.filter { $0.seed == recipe.seed }.max { rank($0) < rank($1) }
  }

  enum CodingKeys: CodingKey {
    case recipe, outcome, confirmed, findings, ruledOut, truthTable, reference, couldReach,
      remedies, trials,
      bestAttempt,
      before
    case after, cost
  }

  /// What follows from the rest (`bestAttempt`) is not read.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    recipe = try container.decode(Recipe.self, forKey: .recipe)
    outcome = try container.decode(Outcome.self, forKey: .outcome)
    confirmed = try container.decodeIfPresent(Confirmation.self, forKey: .confirmed)
    findings = try container.decode([Finding].self, forKey: .findings)
    ruledOut = try container.decode([Diagnosis.RuledOut].self, forKey: .ruledOut)
    truthTable = try container.decodeIfPresent([TruthTableRow].self, forKey: .truthTable)
    reference = try container.decodeIfPresent(TrialOutcome.self, forKey: .reference)
    couldReach = try container.decodeIfPresent(Reach.self, forKey: .couldReach)
    remedies = try container.decode([Treatment].self, forKey: .remedies)
    trials = try container.decode([TrialRecord].self, forKey: .trials)
    before = try container.decode(Training.self, forKey: .before)
    after = try container.decodeIfPresent(Training.self, forKey: .after)
    cost = try container.decode(Cost.self, forKey: .cost)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(recipe, forKey: .recipe)
    try container.encode(outcome, forKey: .outcome)
    try container.encode(confirmed, forKey: .confirmed)
    try container.encode(findings, forKey: .findings)
    try container.encode(ruledOut, forKey: .ruledOut)
    try container.encode(truthTable, forKey: .truthTable)
    try container.encode(reference, forKey: .reference)
    try container.encode(couldReach, forKey: .couldReach)
    try container.encode(remedies, forKey: .remedies)
    try container.encode(trials, forKey: .trials)
    try container.encode(bestAttempt, forKey: .bestAttempt)
    try container.encode(before, forKey: .before)
    try container.encode(after, forKey: .after)
    try container.encode(cost, forKey: .cost)
  }
}

extension CaseHistory {
  /// What was found out before anything was tried.
  package var diagnosis: Diagnosis {
    Diagnosis(
      before, findings: findings, ruledOut: ruledOut, truthTable: truthTable, reference: reference)
  }
}

// MARK: writing it down

extension CaseHistory {
  /// A case that begins with a training; if that was sick, it counts as incurable until it is
  /// cured.
  init(_ recipe: Recipe, _ before: Training, fullSteps: Int, onlyExplosions: Bool) {
    self.recipe = recipe
    self.before = before
    outcome =
      switch before.verdict {
      case .healthy: .healthy
      case .exploding: .incurable
      case .vanishing, .stalled: onlyExplosions ? .notExploding : .incurable
      }
    cost = Cost(steps: before.steps, full: max(1000, fullSteps))
  }

  mutating func add(_ diagnosis: Diagnosis) {
    findings = diagnosis.findings
    ruledOut = diagnosis.ruledOut
    truthTable = diagnosis.truthTable
    reference = diagnosis.reference
    cost = Cost(
      steps: cost.steps + diagnosis.trialSteps, diagnosis: diagnosis.trialSteps, full: cost.full)
  }

  /// Steps that were taken.
  mutating func spend(_ steps: Int) {
    cost = Cost(steps: cost.steps + steps, diagnosis: cost.diagnosis, full: cost.full)
  }

  mutating func cured(by candidate: Candidate, confirmed: Confirmation) {
    self.confirmed = confirmed
    recipe = candidate.recipe
    remedies = candidate.treatments
    for (index, change) in zip(candidate.stages, candidate.stages.dropFirst()).enumerated() {
      remedies[index].lines = Dictionary(
        uniqueKeysWithValues: ExportTarget.allCases.map {
          ($0.rawValue, Patch($0, from: change.0, to: change.1).lines)
        })
    }
    after = confirmed == .training ? candidate.training : nil
    outcome = .cured
  }
}

extension CaseHistory: CustomStringConvertible {
  /// The outcome, and under it what was changed: `cured by lower-learning-rate`.
  public var description: String {
    let names = remedies.map(\.remedy).joined(separator: ", ")
    let changes = remedies.flatMap { $0.changes.map { "\n\($0)" } }.joined()
    return outcome.rawValue + (names.isEmpty ? "" : " by \(names)") + changes
  }
}
