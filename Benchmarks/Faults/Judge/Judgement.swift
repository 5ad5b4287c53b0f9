import KeelAuthoring
import KeelCauses
import KeelFaults
import KeelForecast
import KeelRecipes
import KeelRemedies
import KeelTraining

/// A specimen, and what Keel and the others made of it.
package struct Judgement: Codable, Sendable {
  package let specimen: Specimen
  /// As it was written down before.
  package let told: Told?
  package let alarm: Alarm?
  package let cure: Verdict
  package let findings: [Found]
  package let truthTable: [TruthTableRow]
  package let outcome: String
  /// What was changed: `lower-learning-rate`.
  package let remedies: [String]
  package let changes: [String]
  /// −∞ where it is left exploding.
  package let score: Double
  /// Steps in all, of the diagnosis' own experiments, and of one training (1,000, if shorter).
  package let steps: Int
  package let diagnosisSteps: Int
  package let fullSteps: Int
  /// What a healthy one was told that it could reach; nil where nothing was said.
  package let couldReach: Double?
  package let seconds: Double
  package let baselines: [Baseline: Answer]
  package let recipe: String

  /// A finding, and what speaks for it.
  package struct Found: Codable, Sendable {
    package let cause: String
    package let kind: Finding.Kind
    package let confidence: Double
    /// How many factors of the recipe deviate, this one included.
    package let suspects: Int
  }

  /// - Parameters:
  ///   - told: the forecast of the recipe.
  ///   - baselines: whether others are asked, too; `dear`: also the one that trains six times.
  package init(
    _ specimen: Specimen, in folder: String, told: Told?, baselines: Bool, dear: Bool
  ) async throws {
    self.specimen = specimen
    self.told = told
    let recipe = try specimen.recipe(in: folder)
    self.recipe = recipe.description
    alarm = specimen.verdict == .exploding ? try Alarm(recipe) : nil
    let clock = ContinuousClock()
    let start = clock.now
    let history = try await Cure(Problem(recipe)).run()
    seconds = (clock.now - start) / .seconds(1)
    cure = history.before.verdict
    outcome = history.outcome.rawValue
    truthTable = history.truthTable ?? []
    let found = history.findings
    let suspects = found.count + history.ruledOut.count { !$0.why.hasPrefix("does not deviate") }
    findings = found.map {
      .init(cause: $0.cause, kind: $0.kind, confidence: $0.confidence, suspects: suspects)
    }
    remedies = history.remedies.map(\.remedy)
    changes = history.remedies.flatMap { $0.changes.map(\.description) }
    score = (history.after ?? history.before).score
    couldReach = history.couldReach?.score
    steps = history.cost.steps
    diagnosisSteps = history.cost.diagnosis
    fullSteps = Int((Double(steps) / history.cost.relativeToOneTraining).rounded())
    var answers: [Baseline: Answer] = [:]
    for baseline in Baseline.allCases where baselines && (dear || baseline != .autoTrainer) {
      answers[baseline] = try await baseline.answer(recipe, specimen.outcomes[0], alarm)
    }
    self.baselines = answers
  }
}

extension Judgement {
  package var isExploding: Bool { specimen.verdict == .exploding }
  package var isCured: Bool { outcome == CaseHistory.Outcome.cured.rawValue }
  /// No worse than the twin, but for 0.02.
  package var isAsGood: Bool { score >= (specimen.twin?.score ?? 0) - Self.tolerance }
  package static let tolerance = 0.02
  /// In trainings, without the diagnosis' own.
  package var cost: Double { Double(steps - diagnosisSteps) / Double(fullSteps) }
  package var diagnosisCost: Double { Double(diagnosisSteps) / Double(fullSteps) }

  /// Whether the findings name what was put in.
  ///
  /// Single: the first finding is right. Pair: the first two are the two names, with the kind.
  package var isNamed: Bool {
    let faults = specimen.faults
    if specimen.kind == .single {
      return findings.first.map { faults[0].names.contains($0.cause) } ?? false
    }
    guard findings.count >= 2,
      findings.prefix(2).allSatisfy({ $0.kind.rawValue == specimen.kind.rawValue })
    else { return false }
    let (a, b) = (findings[0].cause, findings[1].cause)
    func fits(_ x: Fault, _ y: Fault) -> Bool { x.names.contains(a) && y.names.contains(b) }
    return fits(faults[0], faults[1]) || fits(faults[1], faults[0])
  }

  /// How far a mild one is behind its twin.
  package var shortfall: Double { (specimen.twin?.score ?? 0) - specimen.outcomes[0].score }

  /// Left alone, it would have come back.
  package var recovers: Bool { alarm?.recovers ?? false }
  package var isForecast: Bool { told?.verdict == .exploding }

  /// Whether a cause is one of the faults.
  package func names(_ cause: String) -> Bool {
    specimen.faults.contains { $0.names.contains(cause) }
  }

  package func isRight(_ found: Found) -> Bool { names(found.cause) }
}
