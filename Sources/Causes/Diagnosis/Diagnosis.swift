import KeelRecipes
import KeelTraining

/// Why a training exploded, or learnt nothing: the causes at work, ranked, and those that are not.
///
/// Its coding keys are part of the command's contract.
public struct Diagnosis: Hashable, Codable, Sendable {
  /// How it was come by.
  public enum Scope: String, Hashable, Codable, Sendable {
    /// Theory and forty steps: suspects at most.
    case quick
    /// The whole training, and experiments.
    case full
  }

  /// Whether it comes from theory and forty steps, or from experiments.
  public let scope: Scope
  /// What became of the training; of a quick diagnosis, what is expected to.
  public let verdict: Verdict
  /// The surest first.
  public let findings: [Finding]
  /// The causes that are not at work, each with the reason.
  public let ruledOut: [RuledOut]
  /// Every experiment; nil where there was none.
  public let truthTable: [TruthTableRow]?
  /// The training that was diagnosed; for a quick diagnosis its first steps.
  public let training: Training
  /// What becomes of the recipe with everything reset that deviates; nil where that was not tried.
  public let reference: TrialOutcome?
  /// Steps that the experiments took.
  package let trialSteps: Int
  /// What each factor's reset makes of the recipe, by cause; of a cause that was narrowed to a part
  /// of it, that part's.
  package let resets: [String: Recipe]
  /// The recipe with everything reset that deviates, where it was seen to train.
  package let soundReference: Recipe?

  /// A cause that is not at work.
  public struct RuledOut: Hashable, Codable, Sendable {
    /// The cause's name, `large-learning-rate`; where it claims several, with the setting.
    public let cause: String
    /// The reason, in words: `does not deviate from the reference`.
    public let why: String

    /// Of a cause whose factor is where it should be.
    package static let undeviating = "does not deviate from the reference"
  }

  package init(
    _ training: Training, scope: Scope = .full, verdict: Verdict? = nil, findings: [Finding] = [],
    ruledOut: [RuledOut] = [], truthTable: [TruthTableRow]? = nil,
    reference: TrialOutcome? = nil, trialSteps: Int = 0, resets: [String: Recipe] = [:],
    soundReference: Recipe? = nil
  ) {
    (self.resets, self.reference, self.soundReference) = (resets, reference, soundReference)
    self.scope = scope
    self.verdict = verdict ?? training.verdict
    self.findings = findings
    self.ruledOut = ruledOut
    self.truthTable = truthTable
    self.training = training
    self.trialSteps = trialSteps
  }
}

extension Diagnosis {
  enum CodingKeys: CodingKey {
    case scope, verdict, findings, ruledOut, truthTable, reference, training
  }

  /// What the experiments took and reset is not written, and not known of what was read.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode(Training.self, forKey: .training),
      scope: try container.decode(Scope.self, forKey: .scope),
      verdict: try container.decode(Verdict.self, forKey: .verdict),
      findings: try container.decode([Finding].self, forKey: .findings),
      ruledOut: try container.decode([RuledOut].self, forKey: .ruledOut),
      truthTable: try container.decodeIfPresent([TruthTableRow].self, forKey: .truthTable),
      reference: try container.decodeIfPresent(TrialOutcome.self, forKey: .reference))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(scope, forKey: .scope)
    try container.encode(verdict, forKey: .verdict)
    try container.encode(findings, forKey: .findings)
    try container.encode(ruledOut, forKey: .ruledOut)
    try container.encode(truthTable, forKey: .truthTable)
    try container.encode(reference, forKey: .reference)
    try container.encode(training, forKey: .training)
  }
}

extension Diagnosis {
  /// What is being done, for whoever watches.
  public enum Progress: Sendable {
    case training(Run.Step)
    /// It exploded, or learnt nothing; experiments begin.
    case failed(Training)
    case experimented(TruthTableRow)
  }
}

/// One training of a truth table: which factors were kept, and what became of it.
public struct TruthTableRow: Hashable, Codable, Sendable {
  /// Names of the causes that stayed in the recipe; all others were reset.
  public let kept: [String]
  /// What became of it.
  public let outcome: TrialOutcome
  /// Steps that the training took.
  public let steps: Int
}

extension Evidence {
  /// - Precondition: there is a forecast, and a training of forty steps.
  func quickDiagnosis(_ catalog: CauseCatalog) -> Diagnosis {
    guard let training, let forecast else { preconditionFailure("quick needs both") }
    let isExploding = forecast.verdict == .exploding || training.verdict == .exploding
    guard isExploding else { return Diagnosis(training, scope: .quick) }
    return Diagnosis(
      training, scope: .quick, verdict: .exploding,
      findings: Factor.findings(in: self, catalog),
      ruledOut: undeviating(Factor.all(of: self, in: catalog), in: catalog))
  }
}
