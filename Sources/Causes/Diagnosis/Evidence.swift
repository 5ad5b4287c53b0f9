import KeelForecast
import KeelRecipes
import KeelTraining

/// What is known of a training: the problem, what was forecast, how it ended, what was recorded.
///
/// Each but the problem may be missing.
public struct Evidence: Sendable {
  /// The recipe that was trained, and its rows.
  public let problem: Problem
  /// What was forecast of it.
  public let forecast: Forecast?
  /// How it ended.
  public let training: Training?
  /// What was recorded, step by step.
  public let trace: Trace?
  /// How its training sets out, where that was measured.
  package let dynamics: InitialDynamics?
  /// What the experiments of a diagnosis reset, by cause.
  package let resets: [String: Recipe]

  public init(
    _ problem: Problem, forecast: Forecast? = nil, training: Training? = nil, trace: Trace? = nil
  ) {
    self.init(problem, forecast, training, trace)
  }

  private init(
    _ problem: Problem, _ forecast: Forecast?, _ training: Training?, _ trace: Trace?,
    _ dynamics: InitialDynamics? = nil, resets: [String: Recipe] = [:]
  ) {
    (self.problem, self.forecast, self.training) = (problem, forecast, training)
    (self.trace, self.dynamics, self.resets) = (trace, dynamics, resets)
  }

  /// The recipe that was trained.
  public var recipe: Recipe { problem.recipe }

  /// Where it exploded, or where the dry run did; nil where neither is known to have.
  public var explosion: Explosion? { training?.explosion ?? forecast?.dryRun.explosion }

  /// The same under another recipe: what a change makes of the factors, with what was seen before
  /// it.
  public func with(_ recipe: Recipe) -> Evidence {
    Evidence(problem.with(recipe), forecast, training, trace, dynamics, resets: resets)
  }

  /// The same with what a diagnosis has shown.
  package func with(_ diagnosis: Diagnosis) -> Evidence {
    Evidence(problem, forecast, training, trace, dynamics, resets: diagnosis.resets)
  }

  /// The same with how its training sets out.
  package func with(_ dynamics: InitialDynamics?) -> Evidence {
    Evidence(problem, forecast, training, trace, dynamics, resets: resets)
  }

  /// Under another recipe, whose training nobody has seen: what the experiments have shown, and
  /// nothing else.
  package func untrained(_ recipe: Recipe) -> Evidence {
    Evidence(problem.with(recipe), nil, nil, nil, resets: resets)
  }

  // MARK: what strengths of remedies are taken from

  /// The norm of the first gradient; nil where it is not known, or not finite.
  public var gradientNorm: Double? {
    trace?.gradientNorms.first.flatMap { $0.isFinite && $0 > 0 ? Double($0) : nil }
      ?? dynamics?.gradientNorm
  }

  /// The loss that training begins with; nil where it is not known, or not finite.
  public var startingLoss: Double? {
    let seen = trace?.losses.first.map(Double.init) ?? forecast?.dryRun.startingLoss
    return seen.flatMap { $0.isFinite ? $0 : nil }
  }

  /// The largest learning rate seen to hold for forty steps; nil where none was, or nobody looked.
  public var learningRateLimit: Double? { dynamics?.rate }

  /// Whether the very first pass overflows: what acts on gradients or updates then comes too late.
  public var isLostBeforeUpdate: Bool {
    guard let explosion = training?.explosion else { return false }
    return explosion.step == 0 && explosion.pass != .update && explosion.kind == .nonFinite
  }
}

extension Evidence {
  /// Puts every deviating factor to the experiments that decide.
  ///
  /// - Parameter budget: steps that the experiments may take; what they leave open is suspected,
  ///   not found. Nil: as many as they need where the recipe explodes, for then most are soon over,
  ///   and otherwise those of `trials` trainings.
  /// - Parameter runner: makes the experiments, and keeps what may be gone on with.
  /// - Parameter observe: told of every experiment once it is made.
  /// - Precondition: it is known how the training ended.
  /// - Throws: `CancellationError`.
  package func diagnosis(
    _ catalog: CauseCatalog = .standard, budget: Int? = nil, by runner: TrialRunner? = nil,
    observe: @escaping (TruthTableRow) -> Void = { _ in }
  ) throws -> Diagnosis {
    guard let training else { preconditionFailure("experiments need to know how it ended") }
    guard training.verdict != .healthy else { return Diagnosis(training) }
    var table = TruthTable(
      self, Factor.all(of: self, in: catalog), of: training,
      budget: budget
        ?? (training.verdict == .exploding ? .max : Self.trials * max(1000, training.steps)),
      by: runner ?? TrialRunner(against: problem), observe: observe)
    if let whole = try table.withHidden(catalog) { table = whole }
    if let measured = try table.withMeasuredRate() { table = measured }
    var suspects = table.factors
    let kinds = try table.kinds()
    var ruledOut = undeviating(suspects + table.fixed, in: catalog)
    for index in suspects.indices where kinds[index] == nil {
      guard let why = table.innocence(of: index) else { continue }
      ruledOut.append(.init(cause: suspects[index].name, why: why))
    }
    for index in suspects.indices where kinds[index] == .cause || kinds[index] == .contributing {
      suspects[index] = try table.narrowed(index) ?? suspects[index]
    }
    // Causes first, then those that share the blame, then suspects; within a kind the further off.
    let findings = Finding.Kind.ranked.flatMap { kind in
      suspects.indices.filter { kinds[$0] == kind }.sorted { first, second in
        // Of several that are enough to mend, a rate comes last: lowered far enough it hides much.
        kind == .joint && suspects[first].cause != LargeLearningRate.self
          && suspects[second].cause == LargeLearningRate.self
      }.map { index in
        suspects[index].finding(
          kind, confidence: confidence(kind, among: suspects.count),
          with: table.partners(of: index), in: self,
          healed: table.healed(index, kind, as: suspects[index]))
      }
    }
    let open = table.fixed.map {
      $0.finding(
        .suspect, confidence: confidence(.suspect, among: 1), in: self, healed: nil)
    }
    // Of a cause with several factors every one that is at work is reset.
    let resets = Dictionary(grouping: suspects.indices) { suspects[$0].cause.name }
      .compactMapValues { indices -> Recipe? in
        let blamed = indices.filter { kinds[$0] != nil }
        return (blamed.isEmpty ? indices : blamed).reduce(recipe as Recipe?) { reset, index in
          reset.flatMap { suspects[index].reset(with($0)) }
        }
      }
    return Diagnosis(
      training, findings: findings + open, ruledOut: ruledOut, truthTable: table.rows,
      reference: table.reference, trialSteps: table.steps,
      resets: resets, soundReference: table.soundReference)
  }

  /// Both experiments of three factors, and the reference.
  private static let trials = 7

  /// Of the causes that a training like this can have.
  func undeviating(_ suspects: [Factor], in catalog: CauseCatalog) -> [Diagnosis.RuledOut] {
    // Of a program nobody knows more than its study says.
    let known =
      problem.engine?.knobs.map { knobs in knobs.map { catalog.cause(of: $0) } } ?? catalog.causes
    var seen: Set<ObjectIdentifier> = []
    return known.filter { seen.insert(ObjectIdentifier($0)).inserted }.filter { cause in
      (!cause.isOfEngines || problem.engine != nil) && !suspects.contains { $0.cause == cause }
    }.map { .init(cause: $0.name, why: Diagnosis.RuledOut.undeviating) }
  }

  /// Where trials alike do not come out the same, one of them is no proof.
  private func confidence(_ kind: Finding.Kind, among suspects: Int) -> Double {
    let usual = Self.confidence(kind, among: suspects)
    return problem.engine?.spread == nil ? usual : min(usual, Finding.unproven)
  }

  /// How often a finding of its kind was right, among so many factors that deviate:
  /// (right + 1)/(all + 2) of 1,207 faults that `make faults` put into healthy recipes, 806 of
  /// seeds A (half of them explode, half learn nothing) and 401 of seeds C (every setting),
  /// which are counted without how many factors deviate, as the fewest.
  private static func confidence(_ kind: Finding.Kind, among suspects: Int) -> Double {
    switch kind {
    // 813 of 815, 105 of 107, 2 of 2
    case .cause: suspects < 2 ? 0.99 : suspects < 3 ? 0.97 : 0.75
    case .overdetermined: 0.97  // 219 of 225
    case .joint: suspects < 3 ? 0.94 : 0.64  // 267 of 284, 8 of 12
    case .contributing: 0.85  // none was seen; below what both experiments agree on
    case .suspect: 0.5
    }
  }
}
