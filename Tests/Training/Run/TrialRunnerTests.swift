import KeelEngine
import KeelRecipes
import KeelTraining
import Testing

struct TrialRunnerTests {
  private static func problem(rate: Double, steps: Int = 900) throws -> Problem {
    try Problem(
      Recipe(
        data: .regression(samples: 200, features: 4, noise: 0.1),
        model: [.dense(8), .relu, .dense(1)],
        loss: .meanSquaredError, optimizer: .sgd(learningRate: rate),
        training: .init(epochs: 200, batch: 32, maxSteps: steps)))
  }

  @Test func noneIsMadeTwice() throws {
    let problem = try Self.problem(rate: 0.01)
    let runner = TrialRunner(against: problem)
    let first = try runner.trial(problem, atLeast: 300)
    #expect(first.outcome == .holds && runner.steps == first.training.steps)
    let again = try runner.trial(problem, atLeast: 300)
    #expect(again.training == first.training && runner.steps == first.training.steps)
  }

  /// What the budget cut short is tried again when there is more.
  @Test func theUndecidedAreMadeAgain() throws {
    let problem = try Self.problem(rate: 1e-9)
    let runner = TrialRunner(against: problem)
    #expect(try runner.trial(problem, atMost: 200).outcome == .undecided)
    #expect(try runner.trial(problem).outcome == .doesNotLearn)
  }

  /// Side by side or one after the other: the same bits.
  @Test func sideBySideIsAsOneByOne() throws {
    let problems = try [0.01, 0.02, 1e6].map { try Self.problem(rate: $0) }
    let together = try TrialRunner(against: problems[0]).trials(problems, atLeast: 300)
    let alone = try problems.map {
      try TrialRunner(against: problems[0]).trial($0, atLeast: 300)
    }
    #expect(together.map(\.training.loss) == alone.map(\.training.loss))
    #expect(together.map(\.outcome) == [.holds, .holds, .explodes])
  }

  /// A training that held goes on to what it would have come to in one piece.
  @Test func aTrainingIsGoneOnWith() throws {
    let problem = try Self.problem(rate: 0.01)
    let runner = TrialRunner(against: problem)
    _ = try runner.trial(problem, atLeast: 300)
    let trainer = try #require(runner.takeSession(of: problem.recipe)?.session as? Trainer)
    #expect(trainer.step == 300 && runner.takeSession(of: problem.recipe) == nil)
    #expect(try trainer.train().loss == Trainer(problem).train().loss)
  }

  /// What a longer trial had come to earlier is what a shorter one comes to.
  @Test func anEarlierStepIsRemembered() throws {
    let problem = try Self.problem(rate: 0.01)
    let runner = TrialRunner(against: problem, marking: 150)
    let trial = try runner.trial(problem, atLeast: 300)
    let (session, earlier) = try #require(runner.takeSession(of: problem.recipe))
    let shorter = try Trainer(problem).train(steps: 150)
    #expect(session.step == 300 && earlier?.steps == 150)
    #expect(earlier?.loss == shorter.loss && earlier?.score == shorter.score)
    let alone = try TrialRunner(against: problem).trial(problem, atLeast: 300)
    #expect(trial.training.loss == alone.training.loss)
    // Where it went no further, there is nothing earlier.
    let short = TrialRunner(against: problem, marking: 400)
    _ = try short.trial(problem, atLeast: 300)
    #expect(try #require(short.takeSession(of: problem.recipe)).earlier == nil)
  }

  /// One that has not learnt at its first stop, before the mark, is seen at the mark on its way on.
  @Test func theMarkMayLieBehindTheFirstStop() throws {
    let runner = TrialRunner(against: try Self.problem(rate: 1), marking: 150)
    let slow = try [0.003, 0.001, 0.0005, 0.0003, 0.0002].map { try Self.problem(rate: $0) }
      .first { problem in
        let trial = try runner.trial(problem, atLeast: 100)
        return trial.outcome == .holds && trial.training.steps > 150
      }
    let found = try #require(slow)
    #expect(runner.takeSession(of: found.recipe)?.earlier?.steps == 150)
  }

  @Test func whatExplodedIsDoomed() throws {
    let problem = try Self.problem(rate: 1e6)
    let runner = TrialRunner(against: problem)
    #expect(!runner.isDoomed(problem.recipe))
    _ = try runner.trial(problem)
    #expect(runner.isDoomed(problem.recipe) && runner.takeSession(of: problem.recipe) == nil)
  }

  /// One that cannot be planned throws, and nothing else is lost.
  @Test func whatCannotBePlannedThrows() throws {
    let problem = try Self.problem(rate: 0.01)
    var broken = problem.recipe
    broken.model = [.conv2d(4, kernel: 3), .dense(1)]
    let runner = TrialRunner(against: problem)
    #expect(throws: KeelError.self) {
      try runner.trials([problem, problem.with(broken)], atLeast: 100)
    }
    #expect(try runner.trial(problem, atLeast: 100).outcome == .holds)
  }
}
