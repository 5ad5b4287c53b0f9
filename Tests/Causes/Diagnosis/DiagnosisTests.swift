import KeelCauses
import KeelRecipes
import KeelTraining
import Testing

/// What learns nothing is diagnosed by the same experiments as what explodes.
struct DiagnosisTests {
  /// Units that saturate: tanh bounds the loss, so nothing explodes.
  private static let saturated = Recipe(
    name: "saturated", data: .spirals(samples: 600, classes: 3, noise: 0.05, test: .fraction(0.2)),
    model: [.repeat(6, [.dense(32), .tanh]), .dense(3)], initializer: .normal(std: 3),
    loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1),
    training: .init(epochs: 20, batch: 32))

  /// A gain of 4, which learns nothing on any seed and with any kernels; at 2 that hangs on the
  /// last bit.
  private static let forgetful = Recipe(
    name: "forgetful", data: .temporalOrder(length: 20, samples: 1000),
    model: [.recurrent(32, recurrentInitializer: .orthogonal(gain: 4)), .dense(4)],
    loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.001),
    training: .init(epochs: 10, batch: 20))

  @Test(arguments: [
    (saturated, Verdict.vanishing, PoorInitialization.name),
    (forgetful, .stalled, LongRecurrence.name),
  ])
  func whatLearnsNothingHasACause(_ recipe: Recipe, _ verdict: Verdict, _ cause: String)
    async throws
  {
    let diagnosis = try await Problem(recipe).diagnosis()
    #expect(diagnosis.verdict == verdict)
    let first = try #require(diagnosis.findings.first)
    #expect(first.cause == cause && first.kind == .cause)
    #expect(first.exhibits.contains { if case .training = $0.reproduction { true } else { false } })
    #expect(diagnosis.truthTable?.contains { $0.outcome == .holds } ?? false)
  }

  /// Where nothing can be learnt, no factor is convicted of it: the reference learns nothing
  /// either.
  @Test func whereNothingCanBeLearntNobodyIsGuilty() async throws {
    var recipe = Self.saturated
    recipe.data = .spirals(samples: 600, classes: 3, noise: 50)
    let diagnosis = try await Problem(recipe).diagnosis()
    #expect(diagnosis.verdict == .vanishing || diagnosis.verdict == .stalled)
    #expect(!diagnosis.findings.isEmpty)
    #expect(diagnosis.findings.allSatisfy { $0.kind == .suspect })
  }
}
