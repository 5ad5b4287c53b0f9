import KeelData
import KeelForecast
import KeelRecipes
import KeelTraining

/// What is known of a training: its recipe, what was forecast, how it ended, what was recorded.
public struct Evidence: Sendable {
  /// The recipe that was trained.
  public let recipe: Recipe
  /// What was forecast of it; nil where nothing was.
  public let forecast: Forecast?
  /// Nil where only the trace is known.
  public let training: Training?
  /// What was recorded, step by step.
  public let trace: Trace

  public init(_ recipe: Recipe, _ forecast: Forecast?, _ trace: Trace) {
    (self.recipe, self.forecast, training, self.trace) = (recipe, forecast, nil, trace)
  }

  public init(
    _ recipe: Recipe, _ training: Training, _ trace: Trace, forecast: Forecast? = nil
  ) {
    (self.recipe, self.forecast, self.training, self.trace) = (recipe, forecast, training, trace)
  }

  /// Finds out by experiment why the recipe explodes, or learns nothing; trains it first where its
  /// end is not known.
  /// - Throws: `KeelError` where it cannot be trained; `CancellationError`.
  public func diagnosis() async throws -> Diagnosis {
    let parts = try recipe.parts()
    if training != nil { return try diagnosis(parts) }
    let trainer = try Trainer(recipe, parts: parts)
    let training = trainer.train(isCancelled: { Task.isCancelled })
    try Task.checkCancellation()
    return try Evidence(recipe, training, trainer.trace, forecast: forecast).diagnosis(parts)
  }
}

extension Evidence {
  /// Puts every deviating factor to the experiments that decide.
  ///
  /// - Parameters:
  ///   - parts: the rows the recipe trains on.
  ///   - budget: steps that the experiments may take; what they leave open is suspected, not found.
  ///     Nil: as many as they need where the recipe explodes, for then most are soon over, and
  ///     otherwise those of `trials` trainings.
  /// - Throws: `CancellationError`.
  package func diagnosis(
    _ parts: DataSplit, catalog: CauseCatalog = .standard, budget: Int? = nil
  ) throws -> Diagnosis {
    guard let training else { preconditionFailure("experiments need to know how it ended") }
    guard training.verdict != .healthy else { return Diagnosis(training) }
    let subject = Subject(recipe, parts, training.explosion)
    var table = TruthTable(
      subject, Suspect.all(of: subject, in: catalog), of: training,
      budget: budget
        ?? (training.verdict == .exploding ? .max : Self.trials * max(1000, training.steps)))
    if let measured = try table.withMeasuredRate() { table = measured }
    var suspects = table.factors
    let kinds = try table.kinds()
    var ruledOut = Self.undeviating(suspects + table.fixed, in: catalog)
    for index in suspects.indices where kinds[index] == nil {
      ruledOut.append(
        .init(cause: suspects[index].cause.name, why: try table.innocence(of: index)))
    }
    for index in suspects.indices where kinds[index] == .cause || kinds[index] == .contributing {
      suspects[index] = try table.narrowed(index) ?? suspects[index]
    }
    // Causes first, then those that share the blame, then suspects; within a kind the further off.
    let findings = Finding.Kind.ranked.flatMap { kind in
      suspects.indices.filter { kinds[$0] == kind }.map { index in
        suspects[index].finding(
          kind, confidence: Self.confidence(kind, among: suspects.count), in: subject, forecast,
          trace, healed: table.healed(index, kind, as: suspects[index]))
      }
    }
    let open = table.fixed.map {
      $0.finding(
        .suspect, confidence: Self.confidence(.suspect, among: 1), in: subject, forecast, trace,
        healed: nil)
    }
    let resets = suspects.indices.compactMap { index in
      suspects[index].reset(subject).map { (suspects[index].cause.name, $0) }
    }
    return Diagnosis(
      training, findings: findings + open, ruledOut: ruledOut, truthTable: table.rows,
      trialSteps: table.steps, resets: Dictionary(resets) { first, _ in first })
  }

  /// Both experiments of three factors, and the reference.
  private static let trials = 7

  package static func undeviating(
    _ suspects: [Suspect], in catalog: CauseCatalog
  ) -> [Diagnosis.RuledOut] {
    catalog.causes.filter { cause in !suspects.contains { $0.cause == cause } }.map {
      .init(cause: $0.name, why: "does not deviate from the reference")
    }
  }

  /// How often a finding of its kind was right, among so many factors that deviate:
  /// (right + 1)/(all + 2) of 806 faults that `make faults` put into healthy recipes, seeds A; half
  /// of them explode, half learn nothing.
  private static func confidence(_ kind: Finding.Kind, among suspects: Int) -> Double {
    switch kind {
    case .cause: suspects < 2 ? 0.99 : suspects < 3 ? 0.97 : 0.75  // 507 of 509, 105 of 107, 2 of 2
    case .overdetermined: 0.97  // 155 of 158
    case .joint: suspects < 3 ? 0.97 : 0.64  // 160 of 164, 6 of 9
    case .contributing: 0.85  // none was seen; below what both experiments agree on
    case .suspect: 0.5
    }
  }
}
