import KeelRecipes
import KeelTraining

/// What is known of a training: its recipe, how it ended, what was recorded.
public struct Evidence: Sendable {
  public let recipe: Recipe
  public let training: Training
  public let trace: Trace

  public init(_ recipe: Recipe, _ training: Training, _ trace: Trace) {
    self.recipe = recipe
    self.training = training
    self.trace = trace
  }
}

extension Evidence {
  /// Puts every deviating factor to the two experiments.
  ///
  /// - Parameter parts: the rows the recipe trains on.
  /// - Throws: `KeelError` where a trial cannot be planned; `CancellationError`.
  package func diagnosis(_ parts: Parts, catalog: CauseCatalog = .standard) throws -> Diagnosis {
    guard training.verdict == .exploding else {
      return Diagnosis(self, findings: [], ruledOut: [], trialSteps: 0)
    }
    var findings: [(finding: Finding, decades: Double)] = []
    var ruledOut: [Diagnosis.RuledOut] = []
    var steps = 0
    for cause in catalog.causes {
      guard let deviation = cause.deviation(in: recipe) else {
        ruledOut.append(.init(cause: cause.name, why: "does not deviate from the reference"))
        continue
      }
      let reference = Reference.recipe(for: recipe)
      let reset = try Trial(cause.reset(recipe), against: recipe, parts: parts)
      let inserted = try Trial(
        cause.insert(from: recipe, into: reference), against: reference, parts: parts)
      steps += reset.training.steps + inserted.training.steps
      if reset.outcome == .holds {
        let isEnough = inserted.outcome != .holds
        findings.append((finding(cause, deviation, isEnough: isEnough), deviation.decades))
      } else {
        let why = "with \(deviation.resetting) it \(reset.outcome.words)"
        ruledOut.append(.init(cause: cause.name, why: why))
      }
    }
    findings.sort { ($0.finding.rank, -$0.decades) < ($1.finding.rank, -$1.decades) }
    return Diagnosis(
      self, findings: findings.map(\.finding), ruledOut: ruledOut, trialSteps: steps)
  }

  /// Confidence: both experiments agree, or one of them. Not yet fitted to a benchmark of faults.
  private func finding(_ cause: any Cause.Type, _ deviation: Deviation, isEnough: Bool) -> Finding {
    Finding(
      cause: cause.name, confidence: isEnough ? 0.95 : 0.85,
      kind: isEnough ? .cause : .contributing,
      exhibits: [
        Exhibit(
          quantity: deviation.quantity, measured: deviation.value, expected: deviation.reference,
          step: 0, command: "keel train RECIPE --set \(deviation.resetting)")
      ])
  }
}

extension Finding {
  /// Causes before what only contributes.
  fileprivate var rank: Int { kind == .cause ? 0 : 1 }
}

extension Trial.Outcome {
  /// Finishes "the recipe …".
  package var words: String {
    switch self {
    case .holds: "learns"
    case .explodes: "still explodes"
    case .doesNotLearn: "does not learn"
    }
  }
}
