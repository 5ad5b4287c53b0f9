import KeelCauses
import KeelEngine
import KeelRecipes
import KeelTraining

/// One or more remedies on trial: the changed recipe, and its training as far as it has come.
///
/// The training of a trial is that of the cure: whoever wins goes on from where the trial stopped.
struct Contender {
  let remedies: [any Remedy]
  let recipe: Recipe
  let treatments: [CaseHistory.Treatment]
  let trainer: Trainer
  private(set) var training: Training

  /// Applies remedies one after the other; nil where one changes nothing, or the result cannot be
  /// planned.
  init?(_ remedies: [any Remedy], on subject: Subject, seed: UInt64? = nil) {
    var changed = subject
    var treatments: [CaseHistory.Treatment] = []
    for remedy in remedies {
      guard let recipe = remedy.applied(to: changed) else { return nil }
      treatments.append(
        .init(remedy: type(of: remedy).name, changes: recipe.diff(from: changed.recipe)))
      changed = changed.with(recipe)
    }
    var recipe = changed.recipe
    recipe.seed = seed ?? recipe.seed
    guard let trainer = try? Trainer(recipe, parts: subject.parts) else { return nil }
    self.remedies = remedies
    self.recipe = recipe
    self.treatments = treatments
    self.trainer = trainer
    training = trainer.train(steps: 0)
  }

  /// Trains on up to a step.
  /// - Returns: how many steps that took.
  /// - Throws: `CancellationError`.
  mutating func advance(to step: Int, observe: (Step) -> Void = { _ in }) throws -> Int {
    let before = trainer.step
    training = trainer.train(
      steps: max(0, step - before), isCancelled: { Task.isCancelled }, observe: observe)
    try Task.checkCancellation()
    return trainer.step - before
  }

  var outcome: Trial.Outcome { Trial.Outcome(training.verdict) }

  /// What is left of it: finite, and either it learns or its loss still falls.
  var isAlive: Bool {
    outcome == .holds || (outcome == .doesNotLearn && trainer.isFalling)
  }

  /// The dearest of its remedies, and within a class the time of a step; a clip that acts in most late
  /// steps masks, and counts as one class dearer. Each further remedy is a class of its own.
  var price: Double {
    let prices = remedies.map { type(of: $0).price }
    let time = prices.reduce(1) { $0 * $1.timePerStep } - 1
    let dearest = prices.map(\.invasiveness).max() ?? 0
    return Double(dearest + remedies.count - 1 + (isMasked ? 1 : 0)) + max(0, time)
  }

  private var isMasked: Bool {
    let trace = trainer.trace
    guard recipe.clipping != [] else { return false }
    let late = trace.count - trace.count / 3..<trace.count
    let acted = late.count { trace.clippedNorms[$0] < trace.gradientNorms[$0] * 0.999 }
    return 2 * acted > late.count
  }

  var record: CaseHistory.TrialRecord {
    CaseHistory.TrialRecord(
      remedies: treatments, outcome: outcome.rawValue, steps: trainer.step, loss: training.loss,
      score: training.score)
  }
}

extension Trainer {
  /// Whether the mean loss of the last third of the steps is below that of the third before.
  fileprivate var isFalling: Bool {
    let third = step / 3
    guard third > 0 else { return true }
    let losses = trace.losses
    let late = losses[(step - third)...].reduce(0, +)
    let early = losses[(step - 2 * third)..<(step - third)].reduce(0, +)
    return late < early
  }
}
