import KeelFaultJudge
import KeelFaults
import KeelRecipes
import KeelTraining
import Testing

@Suite struct AlarmTests {
  private func linear(_ rate: Double, steps: Int = 400) -> Recipe {
    Recipe(
      data: .regression(samples: 256, features: 4, noise: 0.1), model: [.dense(1)],
      loss: .meanSquaredError, optimizer: .sgd(learningRate: rate),
      training: .init(epochs: steps, batch: 256))
  }

  /// A linear model beyond its edge grows by the same factor in every step: it is called long
  /// before float32 ends, and ends there if nobody stops it.
  @Test func callComesBeforeTheEndOfFloat32() throws {
    let alarm = try Alarm(linear(1.3))
    let (raised, called) = (try #require(alarm.raised), try #require(alarm.called))
    let dies = try #require(alarm.dies)
    #expect(raised <= called && called < dies)
    #expect(!alarm.recovers)
    #expect(try Outcome(linear(1.3)).steps <= called + 1)
  }

  @Test func nothingIsRaisedWhereNothingHappens() throws {
    let alarm = try Alarm(linear(0.1))
    #expect((alarm.dies, alarm.called) == (nil, nil))
    #expect(alarm.recovers)
  }

  @Test func otherSystemsAnswer() async throws {
    let (sick, well) = (linear(1.3), linear(0.1))
    let lost = try Outcome(sick)
    let trained = try Outcome(well)
    #expect((lost.verdict, trained.verdict) == (.exploding, .healthy))
    for baseline in [Baseline.fortySteps, .nonFinite, .autoTrainer] {
      let bad = try await baseline.answer(sick, lost, Alarm(sick))
      let good = try await baseline.answer(well, trained, nil)
      #expect(bad.saysExploding == true, "\(baseline)")
      #expect(good.saysExploding == false, "\(baseline)")
    }
    let slow = try await Baseline.lowerRate.answer(sick, lost, nil)
    #expect(slow.isCured == true)
    #expect(slow.steps == lost.steps + 400)
    // It lowers no rate, so nothing on its list helps a linear model.
    let repaired = try await Baseline.autoTrainer.answer(sick, lost, nil)
    #expect(repaired.isCured == false)
  }
}
