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
  private let observe: @Sendable (Progress) -> Void
  private let thread = ThreadExecutor(name: "keel-cure")
  private var trials: [CaseHistory.TrialRecord] = []
  private var steps = 0

  public init(_ recipe: Recipe, observe: @escaping @Sendable (Progress) -> Void = { _ in }) {
    self.recipe = recipe
    self.observe = observe
  }

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    thread.asUnownedSerialExecutor()
  }

  /// A candidate that a trial has shown to hold.
  private struct Candidate {
    let recipe: Recipe
    let treatment: CaseHistory.Treatment
    let price: Price
    let score: Double
  }

  /// - Throws: `KeelError` where the recipe cannot be trained; `CancellationError`.
  public func run() throws -> CaseHistory {
    let trainer = try Trainer(recipe)
    let before = trainer.train(
      isCancelled: { Task.isCancelled }, observe: { observe(.training($0)) })
    try Task.checkCancellation()
    steps = before.steps
    guard before.verdict == .exploding else {
      let outcome = before.verdict == .healthy ? CaseHistory.Outcome.healthy : .notExploding
      return history(outcome, recipe, [], nil, before, nil, trainer)
    }
    observe(.exploded(before))
    let diagnosis = try Evidence(recipe, before, trainer.trace).diagnosis(trainer.parts)
    steps += diagnosis.trialSteps
    observe(.diagnosed(diagnosis.findings))

    var best: (Candidate, Training)?
    for candidate in try candidates(for: diagnosis.findings, trainer.parts) {
      let final = try Trainer(candidate.recipe, parts: trainer.parts)
      let after = final.train(
        isCancelled: { Task.isCancelled }, observe: { observe(.retraining($0)) })
      try Task.checkCancellation()
      steps += after.steps
      if after.verdict == .healthy {
        return history(
          .cured, candidate.recipe, diagnosis.findings, candidate.treatment, before, after, trainer)
      }
      if best == nil || after.score > best!.1.score { best = (candidate, after) }
    }
    return history(
      .incurable, best?.0.recipe ?? recipe, diagnosis.findings, best?.0.treatment, before,
      best?.1, trainer)
  }

  /// Every remedy for what was found, put to a trial; those that hold and whose score is within 0.02
  /// of the best, the cheapest first, then the best.
  private func candidates(for findings: [Finding], _ parts: Parts) throws -> [Candidate] {
    let causes = Set(findings.map(\.cause))
    var held: [Candidate] = []
    for remedy in RemedyCatalog.standard.remedies where !causes.isDisjoint(with: remedy.treats) {
      held += try tried(remedy, parts)
    }
    guard let best = held.map(\.score).max() else { return [] }
    return held.filter { $0.score >= best - 0.02 }
      .sorted { ($0.price, -$0.score) < ($1.price, -$1.score) }
  }

  private func tried<R: Remedy>(_ remedy: R.Type, _ parts: Parts) throws -> [Candidate] {
    try remedy.candidates(for: recipe).compactMap { candidate in
      guard let variant = candidate.applied(to: recipe) else { return nil }
      let trial = try Trial(variant, against: recipe, parts: parts)
      steps += trial.training.steps
      let treatment = CaseHistory.Treatment(remedy: R.name, changes: trial.changes)
      let record = CaseHistory.TrialRecord(
        remedies: [treatment], outcome: trial.outcome.rawValue, steps: trial.training.steps,
        loss: trial.training.loss, score: trial.training.score)
      trials.append(record)
      observe(.tried(record))
      guard trial.outcome == .holds else { return nil }
      return Candidate(
        recipe: variant, treatment: treatment, price: R.price, score: trial.training.score)
    }
  }

  private func history(
    _ outcome: CaseHistory.Outcome, _ fixed: Recipe, _ findings: [Finding],
    _ treatment: CaseHistory.Treatment?, _ before: Training, _ after: Training?, _ trainer: Trainer
  ) -> CaseHistory {
    let full = max(1000, trainer.batches.total)
    return CaseHistory(
      recipe: fixed, outcome: outcome, findings: findings, remedies: treatment.map { [$0] } ?? [],
      trials: trials, before: before, after: after,
      cost: .init(steps: steps, relativeToOneTraining: Double(steps) / Double(full)))
  }
}

extension Recipe {
  /// Trains the recipe; if it explodes, finds out why, and finds a change that works.
  /// - Throws: `KeelError` where it cannot be trained at all; `CancellationError`.
  public func cured() async throws -> CaseHistory { try await Cure(self).run() }
}
