import Foundation
import KeelCauses
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelRemedies
import KeelSettings
import KeelTestSupport
import KeelTraining
import Synchronization
import Testing

struct CureTests {
  /// Every guilty recipe there is.
  static let guilty = CauseCatalog.standard.causes.flatMap { $0.guilty }

  @Test(arguments: guilty)
  func cures(_ recipe: Recipe) async throws {
    let history = try await Problem(recipe).cure()
    #expect(history.outcome == .cured, "\(recipe.name)")
    #expect(history.before.verdict != .healthy)
    #expect(history.after?.verdict == .healthy)
    #expect(history.recipe != recipe)
    let changes = history.recipe.diff(from: recipe)
    #expect(!changes.isEmpty && !history.remedies.isEmpty)
    let names = history.remedies.map(\.remedy).joined(separator: " + ")
    print(
      "| \(recipe.name) | \(names) | \(history.after?.score ?? .nan) "
        + "| \(history.cost.relativeToOneTraining) |")
  }

  @Test(arguments: CauseCatalog.standard.causes.flatMap { $0.innocent })
  func leavesTheHealthyAlone(_ recipe: Recipe) async throws {
    let history = try await Problem(recipe).cure()
    #expect(history.outcome == .healthy)
    #expect(history.recipe == recipe)
    #expect(history.trials.isEmpty && history.remedies.isEmpty && history.after == nil)
  }

  /// Ten steps teach nothing, and no remedy is a cure that leaves it at ten: what a trial that
  /// repeats the data has learnt, the recipe has not.
  @Test func whatIsTooShortIsMadeLonger() async throws {
    let recipe = Recipe(
      data: .regression(samples: 800, features: 3, noise: 0.1, test: .fraction(0.2)),
      standardize: .both, model: [.dense(64), .relu, .dense(64), .relu, .dense(1)],
      initializer: .he(), loss: .meanSquaredError, optimizer: .adam(learningRate: 0.0003),
      training: .init(epochs: 1, batch: 64))
    let history = try await Problem(recipe).cure()
    #expect(history.before.verdict != .healthy)
    #expect(history.outcome == .cured && history.confirmed == .training)
    #expect(history.recipe.diff(from: recipe).map(\.path) == ["training.epochs"])
    #expect(try Trainer(Problem(history.recipe)).train().verdict == .healthy)
  }

  /// Layers of sigmoids lose the gradient, and nothing that deviates is at fault: what is not made
  /// for a cause is tried before anything is called incurable.
  @Test(arguments: [6, 8])
  func curesWhatNoCauseExplains(_ layers: Int) async throws {
    let recipe = Recipe(
      data: .moons(samples: 800, noise: 0.1, test: .fraction(0.25)), standardize: .inputs,
      model: [
        .repeat(layers, [.dense(24), .sigmoid]), .dense(2),
      ], loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.05),
      training: .init(epochs: 40, batch: 32))
    let history = try await Problem(recipe).cure()
    #expect(history.before.verdict == .vanishing && history.outcome == .cured)
    #expect(history.findings.allSatisfy { $0.kind == .suspect })
    #expect(history.after?.score ?? 0 > 0.9)
  }

  /// What the loss wants of the output stays, be it flat.
  @Test func anOutputIsNoHiddenActivation() throws {
    let recipe = Recipe(
      data: .moons(samples: 100), model: [.dense(8), .sigmoid, .dense(1), .sigmoid],
      loss: .binaryCrossEntropy, optimizer: .sgd(learningRate: 0.05),
      training: .init(epochs: 1, batch: 32))
    let swapped = try #require(SwapActivation(activation: "relu").applied(to: Problem(recipe)))
    #expect(swapped.model.map(\.name) == ["dense", "relu", "dense", "sigmoid"])
  }

  /// What a healthy training can have that costs it much without being a fault is named; a rate
  /// that is higher than the reference, and trains, is none of it.
  @Test(
    arguments: [
      ("regularizer", [.l2(0.1)], []), ("regularizer", [.maxNorm(0.2)], []),
      ("clipping", [], [.globalNorm(0.01)]), (nil, [.l2(1e-4)], []), (nil, [], [.globalNorm(5)]),
    ] as [(String?, Chain<Regularizers>, Chain<Clips>)])
  func namesWhatCostsAHealthyTrainingMuch(
    _ place: String?, _ regularizer: Chain<Regularizers>, _ clipping: Chain<Clips>
  ) async throws {
    let recipe = Recipe(
      data: .moons(samples: 800, noise: 0.2, test: .fraction(0.2)),
      model: [.dense(24), .relu, .dense(24), .relu, .dense(2)], initializer: .he(),
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1), clipping: clipping,
      regularizer: regularizer, training: .init(epochs: 30, batch: 32))
    let history = try await Problem(recipe).cure()
    #expect(history.outcome == .healthy)
    let paths = history.couldReach?.changes.map(\.path) ?? []
    #expect(paths.count == (place == nil ? 0 : 1))
    #expect(place.map { paths[0].hasPrefix($0) } ?? true)
  }

  /// Healthy, and far below what it would be with what deviates put back: it is left as it is, and
  /// told so.
  @Test func aHealthyTrainingIsToldWhatItMisses() async throws {
    let recipe = Recipe(
      data: .regression(samples: 400, features: 8, noise: 0.1, test: .fraction(0.2)),
      model: [.dense(32), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0.0005), training: .init(epochs: 30, batch: 32))
    let history = try await Problem(recipe).cure()
    #expect(history.outcome == .healthy && history.recipe == recipe)
    let reach = try #require(history.couldReach)
    #expect(reach.score > history.before.score + 0.1)
    #expect(reach.changes.map(\.path) == ["optimizer.sgd.learning-rate"])
    // The changes are those that reach it.
    let again = try await Run(Problem(recipe.withLearningRate(0.01))).train()
    #expect(abs(again.score - reach.score) < 1e-6)
  }

  @Test func whatDoesNotExplodeIsNotTreatedIfSoWanted() async throws {
    let recipe = LargeLearningRate.innocent[0].withLearningRate(0)
    let history = try await Cure(Problem(recipe), onlyExplosions: true).run()
    #expect(history.outcome == .notExploding)
    #expect(history.before.verdict == .stalled)
    #expect(history.recipe == recipe)
  }

  /// Without remedies nothing can be cured, and that is said.
  @Test func theIncurableIsReportedAsSuch() async throws {
    let recipe = LargeLearningRate.guilty[0]
    let history = try await Cure(Problem(recipe), remedies: RemedyCatalog([])).run()
    #expect(history.outcome == .incurable)
    #expect(history.after == nil)
    #expect(history.recipe == recipe)
    #expect(history.findings.first?.cause == LargeLearningRate.name)
  }

  /// The training of a trial is that of the cure: the final score is no worse than was promised.
  @Test func theCureKeepsWhatItsTrialPromised() async throws {
    let history = try await Problem(LargeLearningRate.guilty[0]).cure()
    let trial = try #require(
      history.trials.last {
        $0.seed == history.recipe.seed
          && $0.remedies.map(\.changes) == history.remedies.map(\.changes)
      })
    #expect((history.after?.score ?? 0) >= trial.score - 0.02)
  }

  @Test func theBudgetIsKept() async throws {
    for recipe in Self.guilty.prefix(3) {
      let history = try await Cure(Problem(recipe), budget: 1).run()
      // The failed run, the final training and the last round of a stage are on top.
      #expect(history.cost.relativeToOneTraining < 4, "\(recipe.name)")
    }
  }

  /// What held when the budget ended is the answer; where the training is longer than the search
  /// might have been, it is not trained to its end, and that is said.
  @Test func whatHeldIsTheAnswer() async throws {
    var recipe = Recipe(
      data: .regression(samples: 256, features: 8, noise: 1.5, test: .fraction(0.2)),
      model: [.dense(16), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 10), training: .init(epochs: 2000, batch: 32))
    let tried = try await Cure(Problem(recipe), budget: 0.0001).run()
    #expect(tried.outcome == .cured && tried.confirmed == .trials && tried.after == nil)
    #expect(tried.trials.contains { $0.outcome == .holds })
    #expect(tried.cost.relativeToOneTraining < 0.1)
    recipe.training.epochs = 100
    let trained = try await Cure(Problem(recipe), budget: 0.0001).run()
    #expect(trained.outcome == .cured && trained.confirmed == .training)
    #expect(trained.after?.verdict == .healthy)
  }

  /// The rate deviates, and the experiments have cleared it: no trial changes it.
  @Test func whatIsClearedIsLeftAlone() async throws {
    let recipe = Recipe(
      data: .regression(samples: 256, features: 8, scale: 300, test: .fraction(0.2)),
      model: [.dense(16), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0.03), training: .init(epochs: 60, batch: 32))
    for catalog in [RemedyCatalog.standard, RemedyCatalog([LowerLearningRate.self])] {
      let history = try await Cure(Problem(recipe), remedies: catalog).run()
      #expect(history.findings.map(\.cause) == [UnscaledData.name])
      let tried = Set(history.trials.flatMap { $0.remedies.map(\.remedy) })
      #expect(!tried.contains(LowerLearningRate.name), "\(tried)")
      #expect(history.outcome == (tried.isEmpty ? .incurable : .cured))
    }
  }

  /// Nothing is convicted without an experiment; what is usual is put back all the same.
  @Test func aBudgetTooSmallOnlySuspects() async throws {
    for budget in [0, 1e-9] {
      let history = try await Cure(Problem(LargeLearningRate.guilty[0]), budget: budget).run()
      #expect(history.outcome == .cured)
      #expect(history.remedies.map(\.remedy) == [RestoreSetting.name])
      #expect(history.findings.map(\.kind) == [.suspect])
      #expect(history.findings.allSatisfy { $0.confidence <= 0.8 })
    }
  }

  /// Budgets beyond all numbers of steps are no more than that; without any the reserve is left.
  @Test(arguments: [1e300, .infinity, .nan, -1.0]) func absurdBudgets(_ budget: Double) async throws
  {
    let history = try await Cure(Problem(LargeLearningRate.guilty[0]), budget: budget).run()
    #expect(history.outcome == .cured)
    #expect((history.remedies.map(\.remedy) == [RestoreSetting.name]) == !(budget > 0))
  }

  /// What an experiment has trained already is not trained again: beyond the diagnosis a late
  /// explosion costs what it took to explode, and one trial on another seed.
  @Test func aTrialGoesOnFromItsExperiment() async throws {
    let recipe = Recipe(
      data: .regression(samples: 400, features: 4, noise: 0.1, test: .fraction(0.2)),
      standardize: .both, model: [.dense(16), .relu, .dense(1)], loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0.01), schedule: .exponential(factor: 1.005),
      training: .init(epochs: 150, batch: 32))
    let history = try await Problem(recipe).cure()
    let (total, lost) = (1500, history.before.steps)
    #expect(history.outcome == .cured && lost > total / 2 && lost < total)
    #expect(history.recipe.schedule == .constant && history.after?.steps == total)
    #expect(history.cost.steps - history.cost.diagnosis < lost + total + total / 4)
  }

  /// However short the recipe, a trial has fifty steps; the cure has as many as the recipe.
  @Test func aShortRecipeHasTrialsOfFiftySteps() async throws {
    var recipe = LargeLearningRate.guilty[0]
    recipe.training.epochs = 2
    let history = try await Problem(recipe).cure()
    #expect(history.outcome == .cured)
    #expect(history.trials.contains { $0.outcome == .holds && $0.steps >= 50 })
    #expect(history.after?.steps == 16)
  }

  /// The winner held on another seed, too.
  @Test func theCureIsConfirmedOnAnotherSeed() async throws {
    let recipe = LargeLearningRate.guilty[0]
    let history = try await Problem(recipe).cure()
    let elsewhere = history.trials.filter { $0.seed != recipe.seed && $0.outcome == .holds }
    #expect(elsewhere.contains { $0.remedies.map(\.remedy) == history.remedies.map(\.remedy) })
  }

  /// What is written is read again: the same case, written the same.
  @Test func aCaseIsReadAsItWasWritten() async throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    let problem = try Problem(LargeLearningRate.guilty[0])
    let history = try encoder.encode(await problem.cure())
    #expect(try encoder.encode(decoder.decode(CaseHistory.self, from: history)) == history)
    let diagnosis = try encoder.encode(await problem.diagnosis())
    #expect(try encoder.encode(decoder.decode(Diagnosis.self, from: diagnosis)) == diagnosis)
    let broken = String(decoding: history, as: UTF8.self)
      .replacing(#/"relativeToOneTraining":[^,}]*/#, with: "\"relativeToOneTraining\":0")
    #expect(throws: DecodingError.self) {
      try decoder.decode(CaseHistory.self, from: Data(broken.utf8))
    }
  }

  /// What is known when somebody interrupts is kept.
  @Test func anInterruptedCureKeepsWhatItKnows() async throws {
    let recipe = PoorInitialization.guilty[0]
    let interrupt = Mutex<Task<CaseHistory, any Error>?>(nil)
    let cure = try Cure(Problem(recipe)) { progress in
      if case .diagnosed = progress { interrupt.withLock { $0?.cancel() } }
    }
    let task = Task {
      // Not before the task is known to whoever cancels it.
      try await Task.sleep(for: .milliseconds(50))
      return try await cure.run()
    }
    interrupt.withLock { $0 = task }
    await #expect(throws: CancellationError.self) { try await task.value }
    let known = try #require(await cure.history)
    #expect(known.outcome == .interrupted)
    #expect(known.before.verdict == .exploding)
    #expect(known.findings.first?.cause == PoorInitialization.name)
    #expect(known.recipe == recipe)
  }

  /// Rates stand half a decade apart, from half a decade below the largest that was measured to
  /// hold.
  @Test func ratesFallByHalfDecades() throws {
    let recipe = LargeLearningRate.guilty[0]
    let trainer = try Trainer(Problem(recipe))
    let strengths = Strengths(
      Evidence(trainer.problem, trace: trainer.trace))
    let limit = try #require(InitialDynamics(trainer.problem).rate)
    let rates = strengths.of(LowerLearningRate.self).compactMap { ($0 as? LowerLearningRate)?.rate }
    #expect(abs(rates[0] / limit * 10.0.squareRoot() - 1) < 0.06 && limit < 1)
    for (a, b) in zip(rates, rates.dropFirst()) { #expect(abs(a / b - 10.0.squareRoot()) < 0.2) }
    #expect(LowerLearningRate(rate: 2).applied(to: strengths.evidence.problem) == nil)
    #expect(strengths.evaluations > 0)
  }

  /// Paths around forty narrow layers do not suit every rate; fewer layers undo the depth as well.
  @Test func whereTheCheapestDoesNotDoAnotherUndoes() async throws {
    let recipe = Recipe(
      data: .regression(samples: 256, features: 7, noise: 0.1, scale: 70),
      model: [.repeat(40, [.dense(12), .leakyReLU()]), .dense(1)],
      initializer: .orthogonal(gain: 1.8), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0.005), training: .init(epochs: 40, batch: 8))
    let history = try await Problem(recipe).cure()
    #expect(history.findings.map(\.kind) == [.overdetermined, .overdetermined])
    #expect(
      history.remedies.map(\.remedy) == [StandardizeData.name, SimplifyNetwork.name])
    #expect(history.after?.score ?? 0 > 0.8)
  }

  /// Where the first pass overflows, nothing that acts on gradients is tried.
  @Test func whatComesTooLateIsNotTried() async throws {
    let recipe = SteepActivation.guilty[0]
    let history = try await Problem(recipe).cure()
    try #require(history.before.explosion?.step == 0)
    let hot = RemedyCatalog.standard.remedies.filter { $0.isHot }.map { $0.name }
    #expect(!history.trials.isEmpty)
    #expect(history.trials.allSatisfy { !hot.contains($0.remedies[0].remedy) })
  }

  /// A hot remedy goes on from the last good snapshot of the run that exploded; the cure is then
  /// trained from the start.
  @Test func hotRemediesStartFromTheLastGoodSnapshot() throws {
    var recipe = LargeLearningRate.innocent[0]
    recipe.schedule = .warmup(steps: 400)
    recipe.optimizer = .sgd(learningRate: 2)
    let trainer = try Trainer(Problem(recipe))
    _ = trainer.train()
    let explosion = try #require(trainer.explosion)
    let subject = trainer.problem
    let hot = try #require(
      Candidate([LowerLearningRate(rate: 0.01)], on: subject, from: trainer))
    #expect(hot.start > 0 && hot.start <= explosion.step)
    #expect(hot.session.step == hot.start)
    let cold = try #require(Candidate([StandardizeData(.both)], on: subject, from: trainer))
    #expect(cold.start == 0)
    let other = try #require(
      Candidate([AdaptLearningRate(rate: 0.001)], on: subject, from: trainer))
    #expect(other.start == 0, "another optimizer remembers other things")
  }

  /// A remedy treats what its catalogue knows, and its strengths change something.
  @Test(arguments: RemedyCatalog.standard.remedies.map { $0.name })
  func remedyKeepsTheRules(_ name: String) throws {
    func check<R: Remedy>(_ remedy: R.Type) throws {
      let causes = Set(CauseCatalog.standard.causes.map { $0.name })
      #expect(R.treats.allSatisfy(causes.contains))
      #expect((0...3).contains(R.price.invasiveness) && !R.price.risk.isEmpty)
      let guilty = CauseCatalog.standard.causes.filter {
        R.treats.isEmpty || R.treats.contains($0.name)
      }.compactMap { $0.guilty.first }
      let isAnyChanged = try guilty.contains { recipe in
        let trainer = try Trainer(Problem(recipe))
        let strengths = Strengths(Evidence(trainer.problem, trace: trainer.trace))
        let changed = strengths.of(R.self).compactMap { $0.applied(to: trainer.problem) }
        #expect(changed.allSatisfy { $0 != recipe })
        for recipe in changed { _ = try Trainer(trainer.problem.with(recipe)) }
        return !changed.isEmpty
      }
      #expect(isAnyChanged != R.isOfEngines)
    }
    for remedy in RemedyCatalog.standard.remedies where remedy.name == name { try check(remedy) }
  }

  @Test(arguments: RemedyCatalog.standard.remedies.map { $0.name })
  func hasAGuide(_ name: String) {
    let file = name.split(separator: "-").map(\.capitalized).joined()
    let guide = Checkout.path("Guides/Remedies/\(file).md")
    #expect(FileManager.default.fileExists(atPath: guide), "\(guide)")
  }
}
