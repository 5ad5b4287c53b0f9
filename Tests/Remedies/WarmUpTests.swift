import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelRemedies
import KeelSettings
import KeelTraining
import Testing

struct WarmUpTests {
  private func subject(_ schedule: Choice<Schedules>, maxSteps: Int? = nil) throws -> Problem {
    let recipe = Recipe(
      data: .regression(samples: 100, features: 4, noise: 0.1), model: [.dense(1)],
      loss: .meanSquaredError, optimizer: .sgd(), schedule: schedule,
      training: .init(epochs: 10, batch: 8, maxSteps: maxSteps))
    return Problem(recipe, rows: try recipe.data.member.load(from: ".", seed: 0))
  }

  private func candidates(_ subject: Problem) throws -> [Int] {
    let trainer = try Trainer(Problem(subject.recipe, rows: subject.rows))
    return WarmUp.candidates(for: Evidence(subject, trace: trainer.trace)).map(\.steps)
  }

  /// 13 steps an epoch, 130 in all.
  @Test func sharesOfTheRun() throws {
    #expect(try candidates(subject(.constant)) == [2, 13, 43])
    #expect(try candidates(subject(.constant, maxSteps: 30)) == [2, 3, 10])
  }

  /// What was there follows.
  @Test func keepsTheSchedule() throws {
    let changed = WarmUp(steps: 13).applied(to: try subject(.cosine()))
    #expect(changed?.schedule == .warmup(steps: 13, then: .cosine()))
    #expect(WarmUp(steps: 13).applied(to: try subject(.warmup(steps: 2))) == nil)
    #expect(WarmUp(steps: 130).applied(to: try subject(.constant)) == nil)
  }
}
