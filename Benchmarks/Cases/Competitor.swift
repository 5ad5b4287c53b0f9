import KeelAuthoring
import KeelBenchmarks

/// The systems that Keel is held against, Keel's own two among them.
enum Competitor: String, CaseIterable, Encodable {
  case forecast = "Keel: forecast"
  case cure = "Keel: cure"
  case fortySteps = "forty steps, then say"
  case lowerRate = "rate ÷ 10, else Adam at 0.001"

  /// - Parameter sample: what Keel made of the recipe; its first training is that of any other
  ///   system.
  func answer(_ recipe: Recipe, _ sample: Sample) async throws -> Answer {
    switch self {
    case .forecast:
      return Answer(
        saysExploding: sample.forecast.verdict == .exploding, cause: sample.forecast.cause,
        cost: sample.forecast.evaluations / sample.fullSteps)
    case .cure:
      return Answer(
        saysExploding: sample.verdict == .exploding, cause: sample.cause, isCured: sample.isCured,
        score: sample.score, cost: sample.cost)
    case .fortySteps:
      let training = try await SimpleSystem.fortySteps(recipe)
      return Answer(
        saysExploding: training.verdict == .exploding,
        cost: Double(training.steps) / sample.fullSteps)
    case .lowerRate:
      return try await Self.retry(recipe, sample)
    }
  }

  private static func retry(_ recipe: Recipe, _ sample: Sample) async throws -> Answer {
    let before = sample.history.before
    guard before.verdict == .exploding else {
      return Answer(
        isCured: false, score: before.score, cost: Double(before.steps) / sample.fullSteps)
    }
    let (last, steps) = try await SimpleSystem.lowerRate(recipe)
    return Answer(
      isCured: last.verdict == .healthy, score: last.score,
      cost: Double(before.steps + steps) / sample.fullSteps)
  }
}
