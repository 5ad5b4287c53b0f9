import KeelTraining

/// Why a training exploded: the causes at work, ranked, and those that are not.
public struct Diagnosis: Hashable, Sendable {
  public let verdict: Verdict
  /// The surest first.
  public let findings: [Finding]
  public let ruledOut: [RuledOut]
  public let training: Training
  /// Steps that the experiments took.
  package let trialSteps: Int

  public struct RuledOut: Hashable, Codable, Sendable {
    public let cause: String
    public let why: String
  }

  init(_ evidence: Evidence, findings: [Finding], ruledOut: [RuledOut], trialSteps: Int) {
    verdict = evidence.training.verdict
    self.findings = findings
    self.ruledOut = ruledOut
    training = evidence.training
    self.trialSteps = trialSteps
  }
}
