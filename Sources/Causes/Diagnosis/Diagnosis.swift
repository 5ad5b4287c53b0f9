import KeelData
import KeelForecast
import KeelRecipes
import KeelTraining

/// Why a training exploded, or learnt nothing: the causes at work, ranked, and those that are not.
public struct Diagnosis: Hashable, Sendable {
  /// How it was come by.
  public enum Scope: String, Hashable, Codable, Sendable {
    /// Theory and forty steps: suspects at most.
    case quick
    /// The whole training, and experiments.
    case full
  }

  public let scope: Scope
  public let verdict: Verdict
  /// The surest first.
  public let findings: [Finding]
  public let ruledOut: [RuledOut]
  /// Every experiment; nil where there was none.
  public let truthTable: [TruthTableRow]?
  public let training: Training
  /// Steps that the experiments took.
  package let trialSteps: Int
  /// What each factor's reset makes of the recipe, by cause; of a cause that was narrowed to a part
  /// of it, that part's.
  package let resets: [String: Recipe]

  public struct RuledOut: Hashable, Codable, Sendable {
    public let cause: String
    public let why: String
  }

  init(
    _ training: Training, scope: Scope = .full, verdict: Verdict? = nil, findings: [Finding] = [],
    ruledOut: [RuledOut] = [], truthTable: [TruthTableRow]? = nil, trialSteps: Int = 0,
    resets: [String: Recipe] = [:]
  ) {
    self.resets = resets
    self.scope = scope
    self.verdict = verdict ?? training.verdict
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
  /// `holds`, `explodes`, `does-not-learn` or `undecided`.
  public let outcome: String
  public let steps: Int
}

extension Recipe {
  /// Trains the recipe and, if it explodes or learns nothing, finds out why by experiment.
  /// - Parameters:
  ///   - scope: `quick` trains no more than forty steps and tries nothing.
  ///   - observe: called after every step of the training, not of the experiments.
  /// - Throws: `KeelError` where it cannot be trained; `CancellationError`.
  public func diagnosed(
    _ scope: Diagnosis.Scope = .full, _ observe: @Sendable (Step) -> Void = { _ in }
  ) async throws -> Diagnosis {
    let trainer = try Trainer(self)
    let training = trainer.train(
      steps: scope == .quick ? DryRun.length : .max, isCancelled: { Task.isCancelled },
      observe: observe)
    try Task.checkCancellation()
    guard scope == .quick || training.verdict != .healthy else { return Diagnosis(training) }
    let forecast = try forecast(trainer.parts, .quick)
    let evidence = Evidence(self, training, trainer.trace, forecast: forecast)
    return scope == .full
      ? try evidence.diagnosis(trainer.parts) : evidence.quickDiagnosis(trainer.parts)
  }

  /// The forecast; where it says `exploding`, or saw the loss leave and come back, with the factors
  /// that deviate as suspects.
  /// - Parameter observe: evaluations spent so far, and the most there may be.
  /// - Throws: `KeelError` where it cannot be trained at all; `CancellationError`.
  public func forecast(
    naming catalog: CauseCatalog,
    observe: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
  ) async throws -> Forecast {
    var forecast = try await forecast(observe: observe)
    guard forecast.verdict == .exploding || forecast.dryRun.leftAtStep != nil else {
      return forecast
    }
    let parts = try self.parts()
    forecast.findings = Suspect.findings(
      in: Subject(self, parts, forecast.dryRun.explosion), forecast, catalog)
    return forecast
  }
}

extension Evidence {
  /// - Precondition: there is a forecast, and a training of forty steps.
  fileprivate func quickDiagnosis(_ parts: DataSplit) -> Diagnosis {
    guard let training, let forecast else { preconditionFailure("quick needs both") }
    let isExploding = forecast.verdict == .exploding || training.verdict == .exploding
    guard isExploding else { return Diagnosis(training, scope: .quick) }
    let subject = Subject(recipe, parts, training.explosion ?? forecast.dryRun.explosion)
    return Diagnosis(
      training, scope: .quick, verdict: .exploding,
      findings: Suspect.findings(in: subject, forecast, .standard),
      ruledOut: Self.undeviating(Suspect.all(of: subject, in: .standard), in: .standard))
  }
}
