import KeelCauses
import KeelRecipes
import KeelRemedies
import KeelTraining
import Testing

/// Every remedy cures at least one sick training by itself.
struct RemedyTests {
  /// A remedy and a recipe that it alone is enough for.
  struct Case: CustomTestStringConvertible, Sendable {
    let remedy: any Remedy.Type
    let recipe: Recipe
    var testDescription: String { "\(remedy.name) cures \(recipe.name)" }
  }

  static let cases: [Case] = [
    .init(remedy: Reinitialize.self, recipe: PoorInitialization.guilty[0]),
    .init(remedy: NormalizeBatches.self, recipe: PoorInitialization.guilty[0]),
    .init(remedy: SimplifyNetwork.self, recipe: ExcessiveDepth.guilty[0]),
    .init(remedy: AddResiduals.self, recipe: ExcessiveDepth.guilty[0]),
    .init(remedy: GateRecurrence.self, recipe: LongRecurrence.guilty[0]),
    .init(remedy: TruncateBackpropagation.self, recipe: adding),
    .init(remedy: WarmUp.self, recipe: sharpAtFirst),
    .init(remedy: LowerLearningRate.self, recipe: LargeLearningRate.guilty[0]),
    .init(remedy: ClipGradients.self, recipe: LargeLearningRate.guilty[0]),
    .init(remedy: AdaptLearningRate.self, recipe: LargeLearningRate.guilty[0]),
    .init(remedy: SwapActivation.self, recipe: SteepActivation.guilty[0]),
    .init(remedy: StandardizeData.self, recipe: UnscaledData.guilty[0]),
    .init(remedy: MatchLoss.self, recipe: MismatchedLoss.guilty[0]),
    .init(remedy: SkipBadSteps.self, recipe: OutlierBatch.guilty[0]),
    .init(remedy: DropBadRows.self, recipe: OutlierBatch.guilty[0]),
    .init(remedy: RegularizeWeights.self, recipe: creeping(rate: 1)),
    .init(remedy: ConstrainWeights.self, recipe: creeping(rate: 2)),
    .init(remedy: SteadySchedule.self, recipe: GrowingLearningRate.guilty[0]),
    .init(remedy: RaiseLearningRate.self, recipe: LowLearningRate.guilty[0]),
    .init(remedy: LowerMomentum.self, recipe: ExcessiveMomentum.guilty[0]),
    .init(remedy: EasePenalty.self, recipe: ExcessivePenalty.guilty[0]),
    .init(remedy: EaseDropout.self, recipe: ExcessiveDropout.guilty[0]),
    .init(remedy: NormalizeOutput.self, recipe: MissingNormalization.guilty[0]),
    .init(remedy: RestoreSetting.self, recipe: UnusualSetting.guilty[0]),
  ]

  /// Weights that grow, as they do under cross-entropy, until an exponential has become too steep
  /// for the rate: it learns for over a thousand steps, then explodes. At rate 1 five of the seeds
  /// 0 to 5 explode, at rate 2 all; λ = 0.01 heals every one of the first, a norm of 4 of the
  /// second.
  private static func creeping(rate: Double) -> Recipe {
    Recipe(
      name: "creeping-\(rate)",
      data: .spirals(samples: 600, classes: 3, noise: 0.05, test: .fraction(0.2)),
      model: [.dense(32), .exponential, .dense(3)], loss: .softmaxCrossEntropy,
      optimizer: .sgd(learningRate: rate), training: .init(epochs: 400, batch: 32))
  }

  /// Gradients overflow on their way back, the states on their way forward do not. Of the seeds 0
  /// to 2, all of which explode, half the steps heal this one only: the remedy is a weak one.
  private static let adding = Recipe(
    name: "adding", data: .addingProblem(length: 40, samples: 400),
    model: [
      .recurrent(32, recurrentInitializer: .orthogonal(gain: 1.6), activation: .relu), .dense(1),
    ],
    loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.01),
    training: .init(epochs: 40, batch: 32))

  /// Sharp at the start only: rates from 0.05 to 0.15 explode, and hold behind a warm-up.
  private static let sharpAtFirst = Recipe(
    name: "sharp-at-first", seed: 1, data: .regression(samples: 256, features: 8, noise: 0.1),
    model: [.repeat(3, [.dense(64), .relu]), .dense(1)], initializer: .he(),
    loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.07),
    training: .init(epochs: 100, batch: 32))

  @Test func everyRemedyIsHere() {
    // What acts on no recipe is tried in the Python package.
    let names = Set(RemedyCatalog.standard.remedies.filter { !$0.isOfEngines }.map { $0.name })
    #expect(names == Set(Self.cases.map { $0.remedy.name }))
  }

  @Test(arguments: cases)
  func curesByItself(_ example: Case) throws {
    try expectCure(by: example.remedy, of: example.recipe)
  }

  private func expectCure<R: Remedy>(by remedy: R.Type, of recipe: Recipe) throws {
    let trainer = try Trainer(Problem(recipe))
    let training = trainer.train()
    #expect(training.verdict != .healthy)
    let strengths = Strengths(
      Evidence(trainer.problem, training: training, trace: trainer.trace))
    let cured = strengths.of(R.self).compactMap { $0.applied(to: strengths.evidence.problem) }
      .contains { changed in
        (try? Trainer(trainer.problem.with(changed)))?.train().verdict == .healthy
      }
    #expect(cured, "\(R.name) does not cure \(recipe.name)")
  }

  /// The growth is slow, and it is what kills: most of the training is sound.
  @Test func creepingWeightsLearnBeforeTheyExplode() throws {
    let trainer = try Trainer(Problem(Self.creeping(rate: 1)))
    let training = trainer.train()
    let step = try #require(training.explosion?.step)
    #expect(step > 300)
    let losses = trainer.trace.losses
    #expect(losses[(step / 2)..<(step * 3 / 4)].reduce(0, +) / Float(step / 4) < 0.9 * losses[0])
  }
}
