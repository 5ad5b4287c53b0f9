import KeelRecipes
import KeelTraining
import Testing

struct ProblemValuesTests {
  private static func problem(rate: Double) throws -> Problem {
    try Problem(
      Recipe(
        data: .regression(samples: 100, features: 4, noise: 0.1),
        model: [.dense(8), .tanh, .dense(1)], loss: .meanSquaredError,
        optimizer: .sgd(learningRate: rate), training: .init(epochs: 10, batch: 20)))
  }

  /// As many as the network has, and those of that step: the norm is the trace's.
  @Test func areThoseOfTheStep() throws {
    let problem = try Self.problem(rate: 0.01)
    let values = try #require(try problem.values(after: 7))
    #expect(values.weights.count == 49 && values.gradients.count == 49)
    let trainer = try Trainer(problem)
    _ = trainer.train(steps: 7, isCancelled: { false }, observe: { _ in })
    let norm = values.gradients.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(abs(norm / Double(trainer.trace.gradientNorms[6]) - 1) < 1e-5)
  }

  @Test func thereAreNoneBehindAnExplosion() throws {
    #expect(try Self.problem(rate: 1e30).values(after: 40) == nil)
  }
}
