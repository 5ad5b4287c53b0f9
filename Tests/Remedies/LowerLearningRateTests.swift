import Foundation
import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelRemedies
import KeelSettings
import KeelTraining
import Testing

struct LowerLearningRateTests {
  private func rates(_ optimizer: Choice<Optimizers>) throws -> [Double] {
    let recipe = Recipe(
      data: .regression(samples: 128, features: 8, noise: 0.1),
      model: [.dense(16), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
      optimizer: optimizer, training: .init(epochs: 20, batch: 32))
    let parts = try recipe.data.member.load(from: ".", seed: 0)
    let trainer = try Trainer(Problem(recipe, rows: parts))
    let strengths = Strengths(Evidence(Problem(recipe, rows: parts), trace: trainer.trace))
    return strengths.of(LowerLearningRate.self).compactMap { ($0 as? LowerLearningRate)?.rate }
  }

  /// Half a decade apart, from the largest rate that held down.
  @Test func belowWhatHolds() throws {
    let found = try rates(.sgd(learningRate: 3))
    #expect(found.count == 3 && found[0] < 1)
    for (rate, next) in zip(found, found.dropFirst()) {
      #expect(abs(log10(rate / next) - 0.5) < 0.03)
    }
  }

  /// Forty steps hold rates at which Adam never learns: near its reference there is always one.
  @Test func adaptiveOptimizersNearTheirReference() throws {
    let found = try rates(.adam(learningRate: 10))
    #expect(found.count == 3 && found.allSatisfy { $0 <= 0.01 })
    #expect(found.contains { abs(log10($0 / 0.001)) < 0.25 })
  }
}
