import KeelAuthoring

/// What anybody would try first, and Keel is held against.
public enum SimpleSystem {
  /// Trains forty steps and takes their verdict.
  /// - Throws: `KeelError` where the recipe cannot be trained.
  public static func fortySteps(_ recipe: Recipe) async throws -> Training {
    try await Run(Problem(recipe)).train(steps: 40)
  }

  /// Trains again at a tenth of the rate; where that is not healthy either, with Adam at 0.001.
  ///
  /// It has to be told that the recipe exploded.
  /// - Returns: the last training, and the steps of both.
  /// - Throws: `KeelError` where the recipe cannot be trained.
  public static func lowerRate(_ recipe: Recipe) async throws -> (last: Training, steps: Int) {
    var adam = recipe
    adam.optimizer = .adam(learningRate: 0.001)
    let rate = recipe.optimizer.member.learningRate
    let slow = try await Run(Problem(recipe.withLearningRate(rate / 10))).train()
    if slow.verdict == .healthy { return (slow, slow.steps) }
    let last = try await Run(Problem(adam)).train()
    return (last, slow.steps + last.steps)
  }
}
