import KeelEngine
import KeelFaults
import KeelRecipes
import KeelTraining

/// What another system said of one recipe, and what that cost.
package struct Answer: Codable, Sendable {
  /// Nil for a system that does not say.
  package var saysExploding: Bool?
  /// Nil for a system that mends nothing.
  package var isCured: Bool?
  package var score: Double?
  /// Steps of training.
  package var steps: Int
}

/// Simple systems that Keel is held against.
package enum Baseline: String, CaseIterable, Codable, Sendable {
  case fortySteps = "forty steps, then say"
  case lowerRate = "rate ÷ 10, else Adam at 0.001"
  case clip = "global norm 1.0 always"
  case nonFinite = "non-finite only"
  case autoTrainer = "AutoTrainer's rules"

  /// - Parameters:
  ///   - before: the training as it is, which a system that retrains has seen.
  ///   - alarm: what became of it where nobody stopped it.
  package func answer(_ recipe: Recipe, _ before: Outcome, _ alarm: Alarm?) throws -> Answer {
    switch self {
    case .fortySteps:
      var short = recipe
      short.training.maxSteps = min(40, recipe.training.maxSteps ?? 40)
      let outcome = try Outcome(short)
      return Answer(saysExploding: outcome.verdict == .exploding, steps: outcome.steps)
    case .nonFinite:
      return Answer(saysExploding: alarm?.dies != nil, steps: before.steps)
    case .lowerRate:
      return try Self.lowerRate(recipe, before)
    case .clip:
      var clipped = recipe
      clipped.clipping = [.globalNorm(1)]
      let outcome = try Outcome(clipped)
      return Answer(isCured: outcome.isHealthy, score: outcome.score, steps: outcome.steps)
    case .autoTrainer:
      return try AutoTrainer(recipe).answer()
    }
  }

  /// Trains again at a tenth of the rate; where that is not healthy either, with Adam. It is told what
  /// exploded.
  private static func lowerRate(_ recipe: Recipe, _ before: Outcome) throws -> Answer {
    var steps = before.steps
    guard before.verdict == .exploding else {
      return Answer(isCured: false, score: before.score, steps: steps)
    }
    var slow = recipe
    var optimizer = recipe.optimizer.member
    optimizer.learningRate /= 10
    slow.optimizer = Choice(optimizer)
    var adam = recipe
    adam.optimizer = .adam(learningRate: 0.001)
    var outcome = try Outcome(slow)
    steps += outcome.steps
    if !outcome.isHealthy {
      outcome = try Outcome(adam)
      steps += outcome.steps
    }
    return Answer(isCured: outcome.isHealthy, score: outcome.score, steps: steps)
  }
}
