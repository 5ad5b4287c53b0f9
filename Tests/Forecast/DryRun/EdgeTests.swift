import Foundation
import KeelData
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

/// Limits and margins of a forecast against edges bisected by whole trainings.
@Suite(.serialized) struct EdgeTests {
  enum Knob: String, CaseIterable {
    case rate, weights, inputs
  }

  /// A whole training with one knob turned.
  private func holds(_ recipe: Recipe, _ parts: DataSplit, _ knob: Knob, _ factor: Double) throws
    -> Bool
  {
    var (recipe, parts) = (recipe, parts)
    switch knob {
    case .rate:
      var optimizer = recipe.optimizer.member
      optimizer.learningRate *= factor
      recipe.optimizer = Choice(optimizer)
    case .weights:
      recipe.initializer = scaled(recipe.initializer, factor)
    case .inputs:
      for index in parts.train.inputs.indices { parts.train.inputs[index] *= Float(factor) }
    }
    let trainer = try Trainer(Problem(recipe, rows: parts))
    let training = trainer.train()
    return knob == .rate
      ? training.outcome != .exploded && trainer.endLoss < trainer.baseline.initial
      : training.verdict != .exploding
  }

  private func scaled(_ choice: Choice<Initializers>, _ factor: Double) -> Choice<Initializers> {
    if var rule = choice.ingredient as? He {
      rule.scale *= factor
      return Choice(rule)
    }
    if var rule = choice.ingredient as? Xavier {
      rule.scale *= factor
      return Choice(rule)
    }
    guard var rule = choice.ingredient as? Normal else { preconditionFailure(choice.name) }
    rule.std *= factor
    return Choice(rule)
  }

  /// The edge between the largest factor that holds and the next that does not; nil beyond ×1000.
  private func bisected(_ recipe: Recipe, _ parts: DataSplit, _ knob: Knob) throws -> Double? {
    var (low, high) = (1.0, 1.0)
    if try holds(recipe, parts, knob, 1) {
      while try holds(recipe, parts, knob, high) {
        (low, high) = (high, high * 2)
        if high > 1000 { return nil }
      }
    } else {
      while try !holds(recipe, parts, knob, low) {
        (high, low) = (low, low / 2)
        if low < 1e-6 { return nil }
      }
    }
    while high / low > 1.05 {
      let middle = (low * high).squareRoot()
      if try holds(recipe, parts, knob, middle) { low = middle } else { high = middle }
    }
    return (low * high).squareRoot()
  }

  /// Median error over twenty recipes and three knobs at most ×1.5, and of each knob ×2.
  @Test func marginsAgainstWholeTrainings() throws {
    var errors: [Knob: [Double]] = [:]
    for recipe in twenty {
      let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
      let forecast = try Forecaster(Problem(recipe, rows: parts)).run()
      let margins: [Knob: Double?] = [
        .rate: forecast.margin.learningRate, .weights: forecast.margin.initialization,
        .inputs: forecast.margin.data,
      ]
      var row = "\(recipe.name):"
      for knob in Knob.allCases {
        let edge = try bisected(recipe, parts, knob)
        let margin = margins[knob]! ?? .nan
        row += " \(knob.rawValue) \(short(margin))/\(edge.map(short) ?? "none")"
        guard let edge, margin.isFinite else { continue }
        errors[knob, default: []].append(max(margin / edge, edge / margin))
      }
      print(row, "in", Int(forecast.cost.evaluations))
      #expect(forecast.verdict != .exploding)
    }
    let all = errors.values.flatMap { $0 }.sorted()
    for (knob, list) in errors {
      let sorted = list.sorted()
      print("\(knob.rawValue): median ×\(short(sorted[sorted.count / 2])), \(sorted.map(short))")
      #expect(sorted[sorted.count / 2] < 2)
    }
    print("all: median ×\(short(all[all.count / 2])) of \(all.count)")
    #expect(all[all.count / 2] < 1.5)
    #expect(all.count > 30)
  }

  /// Beyond the edge: the limit lies below the rate, and a training at half of it holds.
  @Test(arguments: [1.0, 10]) func beyondTheEdge(rate: Double) throws {
    let recipe = regression("too fast", rate: rate)
    let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    let forecast = try Forecaster(Problem(recipe, rows: parts)).run()
    #expect(forecast.verdict == .exploding)
    let limit = try #require(forecast.learningRate.limit)
    #expect(limit < rate)
    #expect(try #require(forecast.margin.learningRate) < 1)
    #expect(try holds(recipe, parts, .rate, limit / rate / 2))
    #expect(try !holds(recipe, parts, .rate, limit / rate * 4))
  }

  /// Where step 0 is lost whatever the rate, there is no limit.
  @Test func noRateHelps() throws {
    var recipe = regression("lost", rate: 0.01, widths: Array(repeating: 64, count: 60))
    recipe.initializer = .normal(std: 1)
    let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    let forecast = try Forecaster(Problem(recipe, rows: parts)).run()
    #expect(forecast.verdict == .exploding)
    #expect(forecast.learningRate.limit == nil)
    #expect(forecast.margin.learningRate == nil)
    let margin = try #require(forecast.margin.initialization)
    #expect(margin < 0.5 && margin > 0.05, "\(margin)")
  }

  /// Standardised inputs have no scale that matters.
  @Test func standardisedInputs() throws {
    var recipe = regression("standardised", rate: 0.01)
    recipe.standardize = .both
    let parts = try recipe.data.member.load(from: ".", seed: recipe.seed)
    #expect(try Forecaster(Problem(recipe, rows: parts)).run().margin.data == nil)
  }

  private func short(_ value: Double) -> String { String(format: "%.2f", value) }
}
