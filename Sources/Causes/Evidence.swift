import KeelForecast
import KeelRecipes
import KeelTraining

/// What is known of a training: its recipe, what was forecast, how it ended, what was recorded.
public struct Evidence: Sendable {
  public let recipe: Recipe
  public let forecast: Forecast?
  /// Nil where only the trace is known.
  public let training: Training?
  public let trace: Trace

  public init(_ recipe: Recipe, _ forecast: Forecast?, _ trace: Trace) {
    (self.recipe, self.forecast, training, self.trace) = (recipe, forecast, nil, trace)
  }

  public init(_ recipe: Recipe, _ training: Training, _ trace: Trace) {
    (self.recipe, forecast, self.training, self.trace) = (recipe, nil, training, trace)
  }

  /// Finds out by experiment why the recipe explodes; trains it first where its end is not known.
  /// - Throws: `KeelError` where it cannot be trained; `CancellationError`.
  public func diagnosis() async throws -> Diagnosis {
    guard let training else { return try await recipe.diagnosed() }
    let parts = try recipe.data.member.load(from: recipe.folder.path, seed: recipe.seed)
    return try Evidence(recipe, training, trace).diagnosis(parts)
  }
}

extension Evidence {
  /// Puts every deviating factor to the experiments that decide.
  ///
  /// - Parameter parts: the rows the recipe trains on.
  /// - Throws: `CancellationError`.
  package func diagnosis(_ parts: Parts, catalog: CauseCatalog = .standard) throws -> Diagnosis {
    guard let training else { preconditionFailure("experiments need to know how it ended") }
    guard training.verdict == .exploding else {
      return Diagnosis(training, findings: [], ruledOut: [], truthTable: nil, trialSteps: 0)
    }
    let subject = Subject(recipe, parts)
    var suspects: [TruthTable.Factor] = []
    var ruledOut: [Diagnosis.RuledOut] = []
    for cause in catalog.causes {
      if let deviation = cause.deviation(in: subject) {
        suspects.append(TruthTable.Factor(cause: cause, deviation: deviation))
      } else {
        ruledOut.append(.init(cause: cause.name, why: "does not deviate from the reference"))
      }
    }
    suspects.sort { $0.deviation.decades > $1.deviation.decades }
    var table = TruthTable(subject, suspects, until: training.steps)
    let findings = try table.findings()
    for factor in suspects where !findings.contains(where: { $0.cause == factor.cause.name }) {
      ruledOut.append(.init(cause: factor.cause.name, why: try table.innocence(of: factor)))
    }
    return Diagnosis(
      training, findings: findings, ruledOut: ruledOut, truthTable: table.rows,
      trialSteps: table.steps)
  }
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
