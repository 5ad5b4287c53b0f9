import Foundation
import KeelCauses
import KeelData
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import KeelTraining
import Testing

/// Every cause on its own guilty and innocent recipes, and the catalogue against the folder.
struct CauseTests {
  struct Example: CustomTestStringConvertible, Sendable {
    let cause: any Cause.Type
    let recipe: Recipe
    let isGuilty: Bool
    /// Trained once, whoever asks first.
    let diagnosis: Once<Diagnosis>

    init(_ cause: any Cause.Type, _ recipe: Recipe, isGuilty: Bool) {
      (self.cause, self.recipe, self.isGuilty) = (cause, recipe, isGuilty)
      diagnosis = Once {
        let trainer = try Trainer(Problem(recipe))
        let training = trainer.train()
        return try Evidence(
          trainer.problem, training: training, trace: trainer.trace
        ).diagnosis()
      }
    }

    var testDescription: String {
      "\(cause.name): \(isGuilty ? "guilty" : "innocent") \(recipe.name)"
    }
  }

  static let examples = CauseCatalog.standard.causes.flatMap { cause in
    cause.guilty.map { Example(cause, $0, isGuilty: true) }
      + cause.innocent.map { Example(cause, $0, isGuilty: false) }
  }

  @Test(arguments: examples)
  func findsTheGuiltyAndOnlyThem(_ example: Example) throws {
    let diagnosis = try example.diagnosis.value()
    #expect((diagnosis.verdict != .healthy) == example.isGuilty)
    let found = diagnosis.findings.first
    print(
      "| \(example.testDescription) | \(found?.cause ?? "–") | \(found?.kind.rawValue ?? "–") |")
    if example.isGuilty {
      #expect(found?.cause == example.cause.name)
      #expect(found?.exhibits.isEmpty == false)
      #expect((found?.confidence ?? 0) > 0.8)
    } else {
      #expect(diagnosis.findings.isEmpty)
    }
  }

  /// A guilty recipe deviates in its factor; with the factor reset it does not.
  @Test(arguments: examples.filter(\.isGuilty))
  func resettingEndsTheDeviation(_ example: Example) throws {
    let (cause, recipe) = (example.cause, example.recipe)
    let trainer = try Trainer(Problem(recipe))
    let training = trainer.train()
    let subject = Evidence(trainer.problem, training: training, trace: trainer.trace)
    guard let deviation = cause.deviation(in: subject), let reset = cause.reset(subject) else {
      Issue.record("\(recipe.name) does not deviate")
      return
    }
    #expect(deviation.value != deviation.reference && deviation.decades > 0)
    #expect(cause.deviation(in: subject.with(reset)) == nil)
    #expect(reset != recipe)
  }

  @Test func everyCauseHasBoth() {
    for cause in CauseCatalog.standard.causes where !cause.isOfEngines {
      #expect(cause.guilty.count >= 2, "\(cause.name)")
      #expect(cause.innocent.count >= 2, "\(cause.name)")
    }
  }

  @Test func referenceRates() {
    #expect(ReferencePoint.learningRate(SGD()) == 0.01)
    #expect(ReferencePoint.learningRate(Adagrad()) == 0.01)
    for optimizer in [Adam(), AdamW(), RMSprop()] as [any Optimizer] {
      #expect(ReferencePoint.learningRate(optimizer) == 0.001)
    }
  }

  /// Two factors, each enough alone: no single reset heals, and both are found.
  @Test func sharedBlameIsOverdetermined() throws {
    var recipe = UnscaledData.guilty[0]
    recipe.model = PoorInitialization.guilty[0].model
    recipe.initializer = PoorInitialization.guilty[0].initializer
    let trainer = try Trainer(Problem(recipe))
    let training = trainer.train()
    try #require(training.verdict == .exploding)
    let diagnosis = try Evidence(
      trainer.problem, training: training, trace: trainer.trace
    ).diagnosis()
    let kinds = Dictionary(
      uniqueKeysWithValues: diagnosis.findings.map { ($0.cause, $0.kind) })
    #expect(kinds[UnscaledData.name] == .overdetermined)
    #expect(kinds[PoorInitialization.name] == .overdetermined, "\(kinds)")
    #expect(diagnosis.truthTable?.isEmpty == false)
  }

  /// Finite data that hold the fault: it is named by row and column, under any optimizer.
  @Test(arguments: [Choice<Optimizers>.sgd(learningRate: 0.01), .adam(learningRate: 0.001)])
  func oneTargetBeyondReasonIsNamedByItsPlace(_ optimizer: Choice<Optimizers>) throws {
    var recipe = LargeLearningRate.innocent[0]
    recipe.optimizer = optimizer
    recipe.training.epochs = 50
    let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    guard case .numbers(var targets) = parts.train.targets.values else {
      Issue.record("the targets are numbers")
      return
    }
    targets[41] = 1e38
    var rows = parts.train
    rows.targets = Targets(values: .numbers(targets), columns: 1)
    let trainer = try Trainer(Problem(recipe, train: rows))
    let training = trainer.train()
    try #require(training.verdict == .exploding)
    let diagnosis = try Evidence(
      trainer.problem, training: training, trace: trainer.trace
    ).diagnosis()
    let finding = try #require(diagnosis.findings.first)
    #expect(finding.cause == OutlierBatch.name)
    #expect(finding.kind == .cause)
    #expect(finding.place == "row 42, target column 1: 1e+38")
    // A loss that overflowed has no gradient: the exhibit is of the loss.
    let exhibit = try #require(finding.exhibits.first { $0.quantity.contains("row 42") })
    #expect(exhibit.step == training.explosion?.step && !(exhibit.measured < 1e30))
  }

  /// Rows in other units do not make the others large, nor large ones rows in other units.
  @Test func outliersAreNotTheScale() throws {
    let recipe = OutlierBatch.guilty[0]
    let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    #expect(parts.train.inputs.map { Double($0) * Double($0) }.reduce(0, +) > 9 * 4096)
    #expect(UnscaledData.deviation(in: Evidence(Problem(recipe, rows: parts))) == nil)
    let scaled = UnscaledData.guilty[0]
    let large = try scaled.data.member.load(from: ".", seed: scaled.seed)
    #expect(OutlierBatch.deviation(in: Evidence(Problem(scaled, rows: large))) == nil)
  }

  /// A training that ended in an explosion made up for the test.
  private func training(
    of problem: Problem, endingIn explosion: Explosion
  ) throws -> Training {
    let (encoder, decoder) = (JSONEncoder(), JSONDecoder())
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let training = try encoder.encode(Trainer(problem).train(steps: 1))
    var object = try #require(JSONSerialization.jsonObject(with: training) as? [String: Any])
    object["explosion"] = try JSONSerialization.jsonObject(with: encoder.encode(explosion))
    return try decoder.decode(
      Training.self, from: JSONSerialization.data(withJSONObject: object))
  }

  /// The first exponential that overflows is one operation; behind another it is growth.
  @Test(arguments: [("exponential-1", true), ("exponential-2", false), ("loss", false)])
  func whatOverflowedFirstDecides(_ place: String, _ isNumeric: Bool) throws {
    var recipe = SteepActivation.guilty[0]
    let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    let explosion = Explosion(
      step: 3, place: place, pass: .forward, kind: .nonFinite, origin: .overflow)
    let problem = Problem(recipe, rows: parts)
    let subject = try Evidence(problem, training: training(of: problem, endingIn: explosion))
    #expect((NumericOverflow.deviation(in: subject) != nil) == isNumeric)
    #expect((SteepActivation.deviation(in: subject) == nil) == isNumeric)
    // An output under a loss that does not go with it is that.
    recipe.model = [.dense(8), .relu, .dense(3), .exponential]
    #expect(NumericOverflow.deviation(in: subject.with(recipe)) == nil)
  }

  /// What deviates by a forecast alone is suspected, and shares what may be claimed.
  @Test func aForecastOnlySuspects() async throws {
    let forecast = try await Problem(PoorInitialization.guilty[0]).forecast()
    #expect(forecast.verdict == .exploding)
    #expect(forecast.findings.first?.cause == PoorInitialization.name)
    #expect(forecast.findings.allSatisfy { $0.kind == .suspect && $0.confidence <= 0.8 })
    #expect(forecast.findings[0].exhibits.count > 1)
    let sound = try await Problem(PoorInitialization.innocent[0]).forecast()
    #expect(sound.findings.isEmpty)
  }

  /// Forty steps and theory convict nobody.
  @Test func aQuickDiagnosisOnlySuspects() async throws {
    let diagnosis = try await Problem(LargeLearningRate.guilty[0]).diagnosis(.quick)
    #expect(diagnosis.scope == .quick && diagnosis.verdict == .exploding)
    #expect(diagnosis.findings.map(\.kind) == [.suspect])
    #expect(diagnosis.truthTable == nil && diagnosis.training.steps <= 40)
    let sound = try await Problem(LargeLearningRate.innocent[0]).diagnosis(.quick)
    #expect(sound.verdict != .exploding && sound.findings.isEmpty)
  }

  /// DESIGN's definitions, and what stays open where an experiment did.
  @Test(
    arguments: [
      ([true], [true], [.cause]), ([true, false], [true, false], [.cause, nil]),
      ([true, true], [false, false], [.joint, .joint]), ([true], [false], [.contributing]),
      ([true, true], [true, false], [.cause, .contributing]),
      ([false, false], [true, true], [.overdetermined, .overdetermined]),
      ([false], [true], [.suspect]), ([false, false], [false, false], [.suspect, .suspect]),
      ([nil, false], [true, true], [.suspect, .suspect]),
      ([true, true, nil], [false, false, nil], [.contributing, .contributing, .suspect]),
    ] as [([Bool?], [Bool?], [Finding.Kind?])])
  func kindsFollowFromExperiments(
    _ heals: [Bool?], _ sickens: [Bool?], _ kinds: [Finding.Kind?]
  ) {
    #expect(TruthTable.kinds(heals: heals, sickens: sickens) == kinds)
  }

  /// Every cause has its guide, and a name that is its file's.
  @Test(arguments: CauseCatalog.standard.causes.map { $0.name })
  func hasAGuide(_ name: String) {
    let file = name.split(separator: "-").map(\.capitalized).joined()
    let guide = Checkout.path("Guides/Causes/\(file).md")
    #expect(FileManager.default.fileExists(atPath: guide), "\(guide)")
  }

  /// A rate that the reference does not bear either is held against one that it does, though it is
  /// not above the usual reference.
  @Test func aRateTooHighForTheReferenceIsMeasured() throws {
    for initializer in [Choice<Initializers>.he(), .normal(std: 1)] {
      let recipe = Recipe(
        data: .regression(samples: 256, features: 64, noise: 0.1), standardize: .both,
        model: [.dense(1024), .relu, .dense(1024), .relu, .dense(1)], initializer: initializer,
        loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.01, momentum: 0.95),
        training: .init(epochs: 20, batch: 32))
      let trainer = try Trainer(Problem(recipe))
      let training = trainer.train()
      try #require(training.verdict == .exploding)
      let diagnosis = try Evidence(
        trainer.problem, training: training, trace: trainer.trace
      ).diagnosis()
      let rate = try #require(
        diagnosis.findings.first { $0.cause == LargeLearningRate.name }, "\(initializer.name)")
      #expect(rate.kind == (initializer == .he() ? .cause : .overdetermined))
      #expect((rate.exhibits.first?.expected ?? 1) < 0.01)
    }
  }

  /// On a thread of its own, and stopped by its task.
  @Test func aForecastIsCancelled() async throws {
    let problem = try Problem(LargeLearningRate.guilty[0])
    #expect(try await problem.forecast().verdict == .exploding)
    let task = Task { try await problem.forecast() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}
