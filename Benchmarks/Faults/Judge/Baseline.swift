import KeelBenchmarks
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
  package func answer(_ recipe: Recipe, _ before: Outcome, _ alarm: Alarm?) async throws
    -> Answer
  {
    switch self {
    case .fortySteps:
      let short = try await SimpleSystem.fortySteps(recipe)
      return Answer(saysExploding: short.verdict == .exploding, steps: short.steps)
    case .nonFinite:
      return Answer(saysExploding: alarm?.dies != nil, steps: before.steps)
    case .lowerRate:
      guard before.verdict == .exploding else {
        return Answer(isCured: false, score: before.score, steps: before.steps)
      }
      let (last, steps) = try await SimpleSystem.lowerRate(recipe)
      return Answer(
        isCured: last.verdict == .healthy, score: last.score, steps: before.steps + steps)
    case .clip:
      var clipped = recipe
      clipped.clipping = [.globalNorm(1)]
      let outcome = try Outcome(clipped)
      return Answer(isCured: outcome.isHealthy, score: outcome.score, steps: outcome.steps)
    case .autoTrainer:
      return try AutoTrainer(recipe).answer()
    }
  }
}
