import KeelRecipes
import KeelTraining

/// Why a training exploded: the causes at work, ranked, and those that are not.
public struct Diagnosis: Hashable, Sendable {
  public let verdict: Verdict
  /// The surest first.
  public let findings: [Finding]
  public let ruledOut: [RuledOut]
  /// Every experiment; nil where there was none.
  public let truthTable: [TruthTableRow]?
  public let training: Training
  /// Steps that the experiments took.
  package let trialSteps: Int

  public struct RuledOut: Hashable, Codable, Sendable {
    public let cause: String
    public let why: String
  }

  init(
    _ training: Training, findings: [Finding], ruledOut: [RuledOut],
    truthTable: [TruthTableRow]?, trialSteps: Int
  ) {
    verdict = training.verdict
    self.findings = findings
    self.ruledOut = ruledOut
    self.truthTable = truthTable
    self.training = training
    self.trialSteps = trialSteps
  }
}

/// One training of a truth table: which factors were kept, and what became of it.
public struct TruthTableRow: Hashable, Codable, Sendable {
  public let kept: [String]
  /// `holds`, `explodes` or `does-not-learn`.
  public let outcome: String
  public let steps: Int
}

extension Recipe {
  /// Trains the recipe and, if it explodes, finds out why by experiment.
  /// - Parameter observe: called after every step of the training, not of the experiments.
  /// - Throws: `KeelError` where it cannot be trained; `CancellationError`.
  public func diagnosed(
    _ observe: @Sendable (Step) -> Void = { _ in }
  ) async throws -> Diagnosis {
    let trainer = try Trainer(self)
    let training = trainer.train(isCancelled: { Task.isCancelled }, observe: observe)
    try Task.checkCancellation()
    return try Evidence(self, training, trainer.trace).diagnosis(trainer.parts)
  }
}
