import KeelCauses
import KeelRecipes
import KeelTraining

/// The loop from an explosion to a training that holds: diagnose, try remedies, train to the end.
public actor Cure {
  /// What is being done, for whoever watches.
  public enum Progress: Sendable {
    case training(Step)
    case exploded(Training)
    case diagnosed([Finding])
    case tried(CaseHistory.TrialRecord)
    case retraining(Step)
  }

  private let recipe: Recipe
  private let catalog: RemedyCatalog
  private let budget: Double
  private let observe: @Sendable (Progress) -> Void
  private let thread = ThreadExecutor(name: "keel-cure")

  /// - Parameter budget: what the search may cost beyond the final training, in trainings.
  public init(
    _ recipe: Recipe, budget: Double = 3, catalog: RemedyCatalog = .standard,
    observe: @escaping @Sendable (Progress) -> Void = { _ in }
  ) {
    self.recipe = recipe
    self.budget = budget
    self.catalog = catalog
    self.observe = observe
  }

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    thread.asUnownedSerialExecutor()
  }

  /// - Throws: `KeelError` where the recipe cannot be trained; `CancellationError`.
  public func run() throws -> CaseHistory {
    let trainer = try Trainer(recipe)
    let before = trainer.train(
      isCancelled: { Task.isCancelled }, observe: { observe(.training($0)) })
    try Task.checkCancellation()
    var history = CaseHistory(recipe, before, fullSteps: trainer.batches.total)
    guard before.verdict == .exploding else { return history }
    observe(.exploded(before))

    let patient = Patient(Subject(recipe, trainer.parts), trainer.trace)
    let diagnosis = try Evidence(recipe, before, trainer.trace).diagnosis(trainer.parts)
    observe(.diagnosed(diagnosis.findings))
    history.add(diagnosis)

    let total = trainer.batches.total
    var tournament = Tournament(
      patient.subject, horizon: total, observe: { self.observe(.tried($0)) })
    // Two epochs, but no more than a tenth of the run: many contenders must fit the budget.
    let first = max(100, min(2 * trainer.batches.stepsPerEpoch, total / 10), 2 * before.steps)
    let regimen = Regimen(patient, diagnosis.findings, catalog)
    let whole = budget * Double(max(1000, total))
    for (entries, share) in regimen.stages {
      let holding = try tournament.play(entries, first: first, budget: Int(share * whole))
      history.trials = tournament.records
      if let cured = try settle(holding, tournament.steps, &history) { return cured }
    }
    history.spend(tournament.steps)
    return history
  }

  /// Trains the best to the end; where it turns out worse than its trial, the next.
  private func settle(_ holding: [Contender], _ spent: Int, _ history: inout CaseHistory) throws
    -> CaseHistory?
  {
    var extra = 0
    var best: Contender?
    for var contender in holding.prefix(3) {
      let promised = contender.training.score
      extra += try contender.advance(
        to: contender.trainer.batches.total, observe: { self.observe(.retraining($0)) })
      guard contender.outcome == .holds else { continue }
      if contender.training.score > best?.training.score ?? -.infinity { best = contender }
      if contender.training.score >= promised - 0.02 { break }
    }
    guard let best else { return nil }
    history.spend(spent + extra)
    return history.cured(by: best)
  }
}

extension Recipe {
  /// Trains the recipe; if it explodes, finds out why, and finds a change that works.
  /// - Throws: `KeelError` where it cannot be trained at all; `CancellationError`.
  public func cured() async throws -> CaseHistory { try await Cure(self).run() }
}
