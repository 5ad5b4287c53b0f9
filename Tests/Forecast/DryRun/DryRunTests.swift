import Foundation
import KeelData
import KeelForecast
import KeelRecipes
import KeelTraining
import Testing

/// The verdict: what the steps of a copy show, and nothing else.
struct DryRunTests {
  /// Bit for bit the first steps of the training.
  @Test func itIsTheTraining() throws {
    let recipe = Recipe(
      seed: 11, data: .spirals(samples: 500),
      model: [.dense(32), .batchNorm(), .relu, .dropout(0.2), .dense(3)], initializer: .he(),
      loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01),
      clipping: [.globalNorm(1)], regularizer: [.l2(1e-4)],
      training: .init(epochs: 12, batch: 48))
    let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    let forecast = try Forecaster(Problem(recipe, rows: parts)).run()
    let trainer = try Trainer(Problem(recipe, rows: parts))
    while trainer.step < forecast.dryRun.steps { trainer.advance() }
    #expect(trainer.step == DryRun.length)
    #expect(
      forecast.dryRun.losses.map(\.bitPattern) == trainer.trace.losses.map(\.bitPattern))
    // And it is the same again.
    let again = try Forecaster(Problem(recipe, rows: parts)).run()
    #expect(again.margin == forecast.margin)
    #expect(again.sharpness == forecast.sharpness)
  }

  @Test func healthyOnesAreStable() throws {
    for recipe in twenty + [catapult] {
      let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
      let forecast = try Forecaster(Problem(recipe, rows: parts)).run()
      #expect(forecast.verdict == .stable, "\(recipe.name)")
      #expect(forecast.step == nil)
      #expect(
        try Trainer(Problem(recipe, rows: parts)).train().verdict == .healthy, "\(recipe.name)")
    }
  }

  /// Rates around the edge: whatever the training's first steps reach, the forecast says, and it
  /// calls no training exploding that is not.
  @Test(arguments: 0..<24) func neverWrong(index: Int) throws {
    let rate = 0.02 * pow(1.5, Double(index / 2))
    let recipe =
      index % 2 == 0
      ? regression("around the edge", rate: rate, widths: [64, 64])
      : classes("around the edge", .blobs(samples: 256), count: 3, rate: rate)
    let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    let forecast = try Forecaster(Problem(recipe, rows: parts), .quick).run()
    let training = try Trainer(Problem(recipe, rows: parts)).train()
    if let explosion = training.explosion, explosion.step < DryRun.length,
      explosion.kind == .nonFinite
    {
      #expect(forecast.verdict == .exploding)
      #expect(forecast.step == explosion.step)
    }
    if forecast.verdict == .exploding { #expect(training.verdict == .exploding) }
  }

  @Test func vanishing() throws {
    var recipe = regression("vanishing", rate: 0.01)
    recipe.model = [.repeat(12, [.dense(16), .sigmoid]), .dense(1)]
    recipe.initializer = .normal(std: 0.1)
    let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    let forecast = try Forecaster(Problem(recipe, rows: parts)).run()
    #expect(forecast.verdict == .vanishing)
    #expect(forecast.gradientGrowth < -3)
    #expect(2 * forecast.dryRun.vanishingSteps > forecast.dryRun.steps)
  }

  /// Where bad steps are skipped: one bad batch is no explosion, nothing but bad ones is.
  @Test func skippedSteps() throws {
    var recipe = regression("skipping", rate: 0.02)
    recipe.training.badSteps = .skip
    recipe.training.batch = 16
    var parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    parts.train.inputs[40] = .nan
    #expect(try Forecaster(Problem(recipe, rows: parts)).run().verdict == .stable)
    var lost = regression("lost", rate: 50)
    lost.training.badSteps = .skip
    #expect(try Forecaster(Problem(lost, rows: parts)).run().verdict == .exploding)
    // More batches than the dry run has steps: nobody has given up by its end.
    lost.optimizer = .sgd(learningRate: 1e25)
    lost.training.batch = 2
    let forecast = try Forecaster(Problem(lost, rows: parts)).run()
    #expect(forecast.dryRun.explosion == nil)
    #expect(forecast.dryRun.skippedSince.map { $0 < 5 } == true)
    #expect(forecast.step == forecast.dryRun.skippedSince)
  }

  /// ±∞ and NaN in data are ordinary values.
  @Test(arguments: [Float.nan, .infinity, 3e38]) func extremes(value: Float) throws {
    let recipe = regression("extreme", rate: 0.02, batch: 256)
    var parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    parts.train.inputs[17] = value
    let forecast = try Forecaster(Problem(recipe, rows: parts)).run()
    #expect(forecast.verdict == .exploding)
    #expect(forecast.step == 0)
    let json = JSONEncoder()
    json.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    #expect(throws: Never.self) { try json.encode(forecast) }
  }

  /// The smallest there are: no rate, one row, one step, an endless run, nothing but zeros.
  @Test func degenerateRecipes() throws {
    var recipes = Array(repeating: regression("degenerate", rate: 0.02), count: 5)
    recipes[0].optimizer = .sgd(learningRate: 0)
    recipes[1].training.batch = 1
    recipes[2].training.maxSteps = 1
    recipes[3].training.epochs = .max
    recipes[4].initializer = .zeros
    for (index, recipe) in recipes.enumerated() {
      var parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
      if index == 1 { parts.train = parts.train.rows(0..<1) }
      let forecast = try Forecaster(Problem(recipe, rows: parts)).run()
      #expect(forecast.verdict != .exploding, "\(index)")
      #expect(forecast.cost.evaluations <= forecast.cost.limit)
      if index == 0 { #expect(forecast.learningRate.limit == nil) }
    }
  }

  /// Raw pixels, ReLU, cross-entropy: the loss leaves, the units die, and what is left learns
  /// nothing. Forecast and training say the same; a loss that is on its way back is no explosion,
  /// and is named.
  @Test(arguments: [UInt64(0), 1, 2]) func aLossThatLeftIsJudgedAsByTheTraining(_ seed: UInt64)
    throws
  {
    func pixel(_ row: Int, _ place: Int) -> Float {
      let pattern = place % 7 + row % 4
      return Float((row * 31 + place * pattern) % 256)
    }
    let images: [[Float]] = (0..<512).map { row in (0..<64).map { pixel(row, $0) } }
    let pixels = try Examples(inputs: images, classes: (0..<512).map { $0 % 4 })
    for rate in [0.0001, 0.001, 0.01, 0.1, 1] {
      var recipe = classes(
        "pixels", .blobs(samples: 8), count: 4, rate: rate, widths: [64, 64], epochs: 20)
      recipe.seed = seed
      let parts = DataSplit(train: pixels, test: nil)
      let forecast = try Forecaster(Problem(recipe, rows: parts), .quick).run()
      let trainer = try Trainer(Problem(recipe, rows: parts))
      let training = trainer.train()
      let left = forecast.dryRun.leftAtStep
      // What passed the edge and is dead, or does not fall, is lost in the training as well.
      if forecast.verdict == .exploding { #expect(training.verdict == .exploding, "rate \(rate)") }
      // What the training will call exploding for its first steps is not called stable in silence.
      if training.verdict == .exploding, let step = training.explosion?.step, step < DryRun.length {
        #expect(forecast.verdict == .exploding || left != nil, "rate \(rate)")
      }
      print("pixels | seed \(seed) | rate \(rate) | \(forecast.verdict) | \(training.verdict)")
    }
  }

  @Test func keysOfTheContract() throws {
    let forecast = try forecast(of: catapult)
    let data = try JSONEncoder().encode(forecast)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    for key in [
      "recipe", "verdict", "step", "findings", "gradientGrowth", "learningRate", "margin", "layers",
      "diesAtStep", "dryRun", "sharpness", "cost", "batchNormGrowth", "notes",
    ] { #expect(object[key] != nil, "\(key)") }
    #expect(object["verdict"] as? String == "stable")
    #expect(object["step"] is NSNull)
    let margin = try #require(object["margin"] as? [String: Any])
    #expect(Set(margin.keys) == ["learning-rate", "initialization", "data"])
    let rate = try #require(object["learningRate"] as? [String: Any])
    #expect(Set(rate.keys) == ["current", "limit"])
    let layer = try #require((object["layers"] as? [[String: Any]])?.first)
    #expect(
      Set(layer.keys).isSuperset(of: ["name", "forwardGain", "backwardGain", "gradientNorm"]))
    #expect(try JSONDecoder().decode(Forecast.self, from: data).margin == forecast.margin)
  }

  private func forecast(of recipe: Recipe) throws -> Forecast {
    try recipe.forecast(recipe.data.member.load(from: ".", seed: recipe.seed), .quick)
  }
}
