import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

/// What schedules make of the rate over a run of 400 steps.
struct RateCourseTests {
  private func course(_ schedule: Choice<Schedules>) throws -> RateCourse {
    let recipe = Recipe(
      data: .regression(samples: 320, features: 4), model: [.dense(1)], loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0.01), schedule: schedule,
      training: .init(epochs: 40, batch: 32))
    return try RateCourse(Problem(recipe))
  }

  @Test func whatDecaysNeverGrows() throws {
    for schedule in [Choice<Schedules>.constant, .cosine(), .exponential(factor: 0.99)] {
      #expect(try course(schedule).largest == 1)
      #expect(try course(schedule).firstStep(above: 1.001) == nil)
    }
    #expect(try course(.warmup(steps: 50)).largest == 1)
  }

  @Test func whatGrowsCrossesItsLimit() throws {
    let growing = try course(.exponential(factor: 1.01))
    // 1.01¹⁶² is the first above 5.
    #expect(growing.firstStep(above: 5) == 162)
    let steps = try course(.step(every: 100, factor: 10))
    #expect(steps.largest == 1000 && steps.firstStep(above: 5) == 100)
  }

  @Test func theMiddleOfTheRunTellsWhatIsUsual() throws {
    #expect(try course(.exponential(factor: 0.9)).usual < RateCourse.least)
    #expect(try course(.warmup(steps: 100_000)).usual < RateCourse.least)
    #expect(try course(.cosine()).usual > 0.4)
  }
}
