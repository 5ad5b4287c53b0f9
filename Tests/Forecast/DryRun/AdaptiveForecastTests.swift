import KeelForecast
import KeelRecipes
import KeelTraining
import Testing

/// What a forecast must share with the training it foretells: fitted weights, and what clips
/// remember.
struct AdaptiveForecastTests {
  @Test func aForecastSeesTheFittedWeights() throws {
    var recipe = regression("lsuv", rate: 0.02, widths: [24, 24, 24], activation: .tanh)
    recipe.initializer = .lsuv
    let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    let virtualTrainer = try VirtualTrainer(Problem(recipe, rows: parts))
    let trainer = try Trainer(Problem(recipe, rows: parts))
    let weight = trainer.trainingStep.plan.parameters[0]
    let fitted = Array(
      UnsafeBufferPointer(
        start: trainer.trainingStep.memory[weight.buffer], count: weight.shape.count))
    #expect(Array(virtualTrainer.parameters[..<weight.shape.count]) == fitted)
    let forecast = try Forecaster(Problem(recipe, rows: parts)).run()
    #expect(forecast.verdict == .stable)
    for layer in forecast.layers.dropLast() {
      #expect(abs(layer.forwardGain / layer.theory!.forwardGain - 1) < 0.2, "\(layer.name)")
    }
  }

  /// What clips and the schedule remember in a dry run is what they remember in the training.
  @Test func aDryRunRemembersAsATrainingDoes() throws {
    var recipe = classes("remembering", .spirals(samples: 300), count: 3, rate: 1e-4, batch: 75)
    recipe.clipping = [.percentile(60), .zScore(1)]
    recipe.schedule = .plateau(patience: 0, factor: 0.5)
    let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    let virtualTrainer = try VirtualTrainer(Problem(recipe, rows: parts))
    let trainer = try Trainer(Problem(recipe, rows: parts))
    for _ in 0..<2 {
      virtualTrainer.reset()
      for step in 0..<40 {
        guard case .done(let loss) = virtualTrainer.advance(step: step, updates: step) else {
          Issue.record("step \(step)")
          return
        }
        if trainer.step == step { trainer.advance() }
        #expect(Float(loss) == trainer.trace.losses[step], "step \(step)")
      }
    }
    #expect(trainer.trace.clippedSteps > 5)
    // So low a rate that epochs differ by less than the plateau's threshold.
    #expect(trainer.trace.learningRates[39] < 1e-4)
    let weight = trainer.trainingStep.plan.parameters[0]
    let (memory, count) = (trainer.trainingStep.memory, weight.shape.count)
    #expect(
      Array(virtualTrainer.parameters[..<count])
        == Array(UnsafeBufferPointer(start: memory[weight.buffer], count: count)))
  }

  /// Where bad steps are skipped, a forecast skips those that the training does.
  @Test func aForecastSkipsWhatATrainingSkips() throws {
    var recipe = regression("skipping", rate: 0.003, widths: [16], activation: .relu)
    recipe.data = .regression(
      samples: 320, features: 8, noise: 0.1, outliers: 3, outlierScale: 1000)
    recipe.training = .init(epochs: 4, batch: 16)
    recipe.training.badSteps = .skip
    let problem = try Problem(recipe)
    let virtualTrainer = try VirtualTrainer(problem)
    let trainer = try Trainer(problem)
    virtualTrainer.reset()
    var updates = 0
    var skipped: [Int] = []
    for step in 0..<40 {
      trainer.advance()
      if case .done = virtualTrainer.advance(step: step, updates: updates) {
        updates += 1
      } else {
        skipped.append(step)
      }
    }
    #expect(skipped == (0..<40).filter { trainer.trace.wasSkipped($0) })
    #expect(!skipped.isEmpty)
  }

  /// A schedule that grows is said to explode about where it does; one that stays within the limit
  /// is not.
  @Test(arguments: [1.01, 1.03]) func aGrowingScheduleCrossesItsLimit(_ factor: Double) throws {
    var recipe = regression("growing", rate: 0.003, widths: [16], activation: .relu)
    recipe.training = .init(epochs: 120, batch: 32)
    recipe.schedule = .exponential(factor: factor)
    let problem = try Problem(recipe)
    let forecast = try Forecaster(problem).run()
    let explosion = try #require(Trainer(problem).train().explosion)
    #expect(forecast.verdict == .exploding && forecast.probability > 0.8)
    let crossing = try #require(forecast.crossesLimitAt)
    let step = try #require(forecast.step)
    #expect(step > crossing && crossing > DryRun.length)
    #expect(abs(Double(explosion.step) / Double(step) - 1) < 0.5)
    recipe.schedule = .exponential(factor: 1.0005)
    let steady = try Forecaster(Problem(recipe)).run()
    #expect(steady.crossesLimitAt == nil && steady.verdict == .stable)
  }

  /// Rows far outside the rest that the dry run does not meet are met, and the step is said; what
  /// such rows do no harm to is not.
  @Test(arguments: [(1e6, true), (30.0, false)])
  func theBatchWithTheWorstRowIsTried(_ scale: Double, _ explodes: Bool) throws {
    var recipe = regression("late outlier", rate: 0.003, widths: [16], activation: .relu)
    recipe.data = .regression(
      samples: 2560, features: 8, noise: 0.1, outliers: 1, outlierScale: scale)
    recipe.training = .init(epochs: 2, batch: 16)
    // A seed whose row comes late.
    for seed in UInt64(0)..<20 {
      recipe.seed = seed
      let problem = try Problem(recipe)
      let training = try Trainer(problem).train()
      guard (training.explosion?.step ?? .max) > 3 * DryRun.length else { continue }
      let forecast = try Forecaster(problem).run()
      #expect(forecast.verdict == (explodes ? .exploding : .stable))
      #expect((training.explosion != nil) == explodes && (forecast.step != nil) == explodes)
      // By a network that has learnt for forty steps, in the training for more.
      #expect(abs((forecast.step ?? 0) - (training.explosion?.step ?? 0)) <= 5)
      return
    }
    Issue.record("no seed whose row comes late")
  }

  /// A clip that remembers the steps before, and a rate that has yet to grow, bear what they bear
  /// in the training; a row that explodes later says nothing of the rate.
  @Test func theWorstRowIsTriedUnderTheDryRunsOwnRate() throws {
    var recipe = regression("late outlier", rate: 0.003, widths: [16], activation: .relu)
    recipe.data = .regression(
      samples: 2560, features: 8, noise: 0.1, outliers: 1, outlierScale: 1e6)
    recipe.training = .init(epochs: 2, batch: 16)
    recipe.clipping = [.zScore(2.5)]
    let clipped = try Problem(recipe)
    #expect(try Forecaster(clipped).run().dryRun.outlierStep == nil)
    #expect(try Trainer(clipped).train().explosion == nil)
    recipe.clipping = []
    for seed in UInt64(0)..<20 {
      recipe.seed = seed
      let forecast = try Forecaster(Problem(recipe)).run()
      guard forecast.dryRun.outlierStep != nil else { continue }
      #expect(forecast.margin.learningRate ?? 0 > 1)
      return
    }
    Issue.record("no seed whose row comes late")
  }

  /// A momentum that remembers more steps than the run has is said to explode, though no step of
  /// the dry run shows it; one that forgets is not.
  @Test(arguments: [(1.0, true), (0.9995, true), (0.99, false)])
  func aMomentumThatRemembersAllExplodes(_ momentum: Double, _ isEndless: Bool) throws {
    var recipe = regression("momentum", rate: 0.0001, widths: [16], activation: .relu)
    recipe.training = .init(epochs: 80, batch: 32)
    recipe.optimizer = .sgd(learningRate: 0.0001, momentum: momentum)
    let forecast = try Forecaster(Problem(recipe)).run()
    #expect(forecast.remembersAll == isEndless)
    #expect(forecast.verdict == (isEndless ? .exploding : .stable))
    #expect(!isEndless || (forecast.step == nil && forecast.probability < 0.9))
  }
}
