import KeelCauses
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

/// Minimal sets: of a made function, and of settings that heal only together.
struct DeltaDebuggingTests {
  /// Whatever three of ten are needed, they are found, and nothing else; in n² + 3n questions at
  /// most, as the paper has it.
  @Test func findsWhatIsNeeded() {
    for a in 0..<8 {
      for b in (a + 1)..<9 {
        for c in (b + 1)..<10 {
          var asked = 0
          let needed: Set = [a, b, c]
          let found = DeltaDebugging.minimal(Array(0..<10)) { part in
            asked += 1
            #expect(!part.isEmpty && part.count < 10)
            return needed.isSubset(of: part)
          }
          #expect(Set(found) == needed)
          #expect(asked <= 130)
        }
      }
    }
  }

  @Test func oneElementIsLeftAlone() {
    #expect(DeltaDebugging.minimal([7]) { _ in false } == [7])
    #expect(DeltaDebugging.minimal([Int]()) { _ in false } == [])
    // Where nothing can be spared all stays, in its order.
    #expect(DeltaDebugging.minimal([3, 1, 2]) { _ in false } == [3, 1, 2])
  }

  /// Gradients that add up and a schedule that grows, each of which explodes by itself: both must
  /// be mended, and each finding names the other.
  @Test func faultsInTwoSettingsAreFoundTogether() async throws {
    let recipe = Recipe(
      data: .regression(samples: 400, features: 8, noise: 0.1, test: .fraction(0.2)),
      standardize: .both, model: [.dense(32), .relu, .dense(1)], initializer: .he(),
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.01, momentum: 1),
      schedule: .exponential(factor: 1.03), training: .init(epochs: 40, batch: 16))
    let diagnosis = try await Problem(recipe).diagnosis()
    #expect(diagnosis.verdict == .exploding)
    let named = Set(diagnosis.findings.map(\.cause))
    #expect(named == [AccumulatedGradients.name, GrowingLearningRate.name])
    for finding in diagnosis.findings {
      #expect(finding.partners == named.subtracting([finding.cause]).sorted())
    }
  }
}
