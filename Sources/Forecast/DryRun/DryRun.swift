import Foundation
import KeelNetworks
import KeelSettings
import KeelTraining

/// Real steps of the real optimizer on real batches, on a copy: what decides a forecast.
///
/// Forty steps; up to eighty more only while the loss stands above where it began, and three times
/// as many as an unusual momentum remembers, as far as the budget goes. What explodes in
/// them explodes in the training, which is the same bit for bit. Then the batch with the row
/// furthest outside the rest, which is a guess.
public struct DryRun: Hashable, Codable, Sendable {
  /// Steps taken.
  public let steps: Int
  /// The loss of each step's batch; after a divergence also of the steps that would have followed.
  public let losses: [Float]
  /// The loss over rows spread over the training part, before the first step.
  public let startingLoss: Double
  /// The loss over the same rows after the steps; of the last batch if it exploded.
  public let endingLoss: Double
  /// The first non-finite value, or the divergence, if there was one.
  public let explosion: Explosion?
  /// The step with the first non-finite value, after a divergence as if nobody had stopped there;
  /// nil where none was reached.
  public let diesAtStep: Int?
  /// In how many steps no gradient reached the first layer.
  public let vanishingSteps: Int
  /// The step whose averaged loss first passed 5·max(B, L₀), whether it came back or not; nil where
  /// none did.
  public let leftAtStep: Int?
  /// A later step in which the training explodes over a batch with a row far outside the rest; nil
  /// where there is none.
  public let outlierStep: Int?
  /// Since when every step is skipped, ten and more to the end; nil where some are taken.
  public let skippedSince: Int?

  /// Steps of a dry run whose loss does not stand above where it began.
  public static let length = 40

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(steps, forKey: .steps)
    try container.encode(losses, forKey: .losses)
    try container.encode(startingLoss, forKey: .startingLoss)
    try container.encode(endingLoss, forKey: .endingLoss)
    try container.encode(explosion, forKey: .explosion)
    try container.encode(diesAtStep, forKey: .diesAtStep)
    try container.encode(vanishingSteps, forKey: .vanishingSteps)
    try container.encode(leftAtStep, forKey: .leftAtStep)
    try container.encode(outlierStep, forKey: .outlierStep)
    try container.encode(skippedSince, forKey: .skippedSince)
  }
}

extension VirtualTrainer {
  /// Takes the steps and judges them; the network is then as they left it, until it is reset.
  /// - Throws: `CancellationError`.
  package func dryRun() throws -> (run: DryRun, verdict: Forecast.Verdict) {
    let least = max(DryRun.length, remembered)
    let limit = min(total, max(3 * DryRun.length, least))
    while !trainer.isOver, trainer.step < limit {
      if trainer.step >= least, !isInFlight, !isUndecided { break }
      try Task.checkCancellation()
      trainer.advance()
      evaluationBudget.countGradient(rows: batchSize)
    }
    let judged = dryVerdict
    var losses = trainer.trace.losses
    let endingLoss = trainer.explosion == nil ? sampleLoss() : Double(losses.last ?? .nan)
    let death = death(&losses)
    let outlierStep = judged == .exploding ? nil : try stepWreckedByOutlier()
    let verdict = outlierStep == nil ? judged : .exploding
    let run = DryRun(
      steps: trainer.step, losses: losses, startingLoss: initialLoss, endingLoss: endingLoss,
      explosion: trainer.explosion
        ?? (judged == .exploding ? trainer.lateDivergence(.exploding) : nil),
      diesAtStep: death, vanishingSteps: trainer.vanishingSteps,
      leftAtStep: trainer.monitor.divergence.firstPassed, outlierStep: outlierStep,
      skippedSince: skippedSince)
    return (run, verdict)
  }

  /// Steps that the optimizer remembers, where it keeps more of the past than is usual.
  ///
  /// What that does shows no sooner. No more than leave a sixth of the budget for all else.
  private var remembered: Int {
    let optimizer = recipe.optimizer
    let kept = optimizer.ingredient.numbers.filter { setting in
      type(of: optimizer.member).retentions[setting.name].map {
        setting.value > $0.usual.upperBound
      }
        ?? false
    }.map(\.value).max()
    guard let kept else { return 0 }
    let most = evaluationBudget.limit * 5 / 6
    return Int(min(most, 3 / max(1 - kept, 1e-6)))
  }

  /// The step with the first non-finite value.
  ///
  /// A divergence is stopped before; from the snapshot it went back to the steps are taken again,
  /// and on.
  private func death(_ losses: inout [Float]) -> Int? {
    guard let explosion = trainer.explosion else { return nil }
    guard explosion.kind == .divergence, recipe.training.badSteps == .stop,
      let first = trainer.record.rewoundTo
    else { return explosion.kind == .nonFinite ? explosion.step : nil }
    resume(at: first)
    let last = min(losses.count + DryRun.length, total)
    for step in first..<max(first, last) {
      guard case .done(let loss) = advance(step: step, updates: step) else { return step }
      if step == losses.count { losses.append(Float(loss)) }
    }
    return nil
  }

  /// Whether the loss left and is still away: what a catapult and an explosion have in common.
  private var isInFlight: Bool {
    let recent = trainer.trace.losses.suffix(5).map(Double.init).filter(\.isFinite)
    guard !recent.isEmpty else { return true }
    return recent.reduce(0, +) / Double(recent.count) > 2 * trainer.baseline.scale
  }

  /// Whether it has not yet come below where it began, though gradients do arrive: a rate is not
  /// called beyond its edge for a slow start.
  ///
  /// It is looked at every twenty steps.
  private var isUndecided: Bool {
    guard 2 * trainer.vanishingSteps <= trainer.step else { return false }
    return trainer.step % 20 != 0 || !(sampleLoss() < initialLoss)
  }

  private var dryVerdict: Forecast.Verdict {
    if trainer.explosion != nil || skippedSince != nil { return .exploding }
    // A run that is over has its true verdict; one that goes on may yet come back, if its loss is
    // falling and there is a gradient to bring it down.
    if trainer.verdict == .exploding,
      trainer.isOver || !trainer.isFalling || trainer.monitor.isWithoutGradient
    {
      return .exploding
    }
    let hasLearnt = trainer.baseline.skill(trainer.endLoss) >= 0.05
    return !hasLearnt && 2 * trainer.vanishingSteps > trainer.step ? .vanishing : .stable
  }

  private var skippedSince: Int? {
    let trace = trainer.trace
    let taken = (0..<trace.count).last { trace.losses[$0].isFinite && !trace.wasSkipped($0) } ?? -1
    return recipe.training.badSteps == .skip && trace.count - taken > 10 ? taken + 1 : nil
  }
}

/// A short dry run with one thing scaled.
struct Probe: Hashable, Sendable {
  /// Of the sample, at the end; not finite where the probe was lost.
  let loss: Double
  let startingLoss: Double
  /// max(B, L₀) of the scaled recipe.
  let scale: Double
  let steps: Int

  /// Finite, and below where it began: what a learning rate is held to.
  var learns: Bool { loss < startingLoss }
  /// Finite, and not away: what initial weights and inputs are held to, which change the start.
  var stays: Bool { loss <= 2 * scale }
}

extension VirtualTrainer {
  /// What is multiplied in a probe.
  struct Factors: Hashable, Sendable {
    var rate = 1.0
    /// Initial weights.
    var weights = 1.0
    var inputs = 1.0
  }

  /// Takes steps from the start under factors, and stops where the answer is known.
  func probe(_ factors: Factors, steps: Int) -> Probe {
    reset(weights: factors.weights, inputs: factors.inputs)
    let isOther = factors.weights != 1 || factors.inputs != 1
    let start = isOther ? sampleLoss(inputs: factors.inputs) : initialLoss
    let scale = max(trainer.baseline.constant, start)
    func result(_ loss: Double, _ steps: Int) -> Probe {
      Probe(loss: loss, startingLoss: start, scale: scale, steps: steps)
    }
    guard start.isFinite else { return result(.nan, 0) }
    var divergence = Divergence(scale: scale, batch: batchSize, total: total)
    var losses: [Float] = []
    var updates = 0
    let last = min(steps, total)
    for step in 0..<last {
      switch advance(step: step, updates: updates, rate: factors.rate, inputs: factors.inputs) {
      case .done(let loss):
        losses.append(Float(loss))
        updates += 1
      case .bad where recipe.training.badSteps == .skip && step - updates < 10:
        losses.append(.nan)
      case .bad, .lost:
        return result(.nan, step)
      }
      if divergence.look(at: losses, step: step) == .divergence { return result(.infinity, step) }
      if Self.isSettled(losses, below: start) { break }
    }
    return result(sampleLoss(inputs: factors.inputs), losses.count)
  }

  /// Fifteen steps, the last ten of them below the start, and clearly so: what grows too slowly to
  /// show by then lies within a few percent of the edge.
  private static func isSettled(_ losses: [Float], below start: Double) -> Bool {
    guard losses.count >= 15 else { return false }
    let recent = losses.suffix(10).map(Double.init)
    return recent.allSatisfy { $0 < start } && recent.suffix(5).reduce(0, +) / 5 < 0.9 * start
  }
}
