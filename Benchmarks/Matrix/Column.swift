import Foundation
import KeelAuthoring
import KeelBenchmarks

/// What every remedy does against one cause.
struct Column {
  let cause: String
  /// Trainings that are sick: recipes times seeds.
  private(set) var sick = 0
  /// By the remedy's name.
  private(set) var cells: [String: Cell] = [:]

  /// Trains the guilty recipes as they are, then with every remedy in every strength.
  init(_ cause: any Cause.Type, recipes: Int, seeds: Int) async throws {
    self.cause = cause.name
    for recipe in cause.guilty.prefix(recipes) {
      for offset in 0..<seeds {
        var recipe = recipe
        recipe.seed += UInt64(offset)
        try await add(recipe, cause)
      }
    }
  }

  private mutating func add(_ recipe: Recipe, _ cause: any Cause.Type) async throws {
    let problem = try Problem(recipe)
    let run = try Run(problem)
    let training = await run.train()
    guard training.verdict != .healthy else { return }
    sick += 1
    let evidence = Evidence(problem, training: training, trace: await run.trace)
    // What a step takes is compared on the sound twin: the sick one has too few.
    let twin = cause.reset(evidence).map(problem.with) ?? problem
    let strengths = Strengths(evidence)
    for remedy in RemedyCatalog.standard.remedies {
      let outcomes = try await outcomes(of: strengths.of(remedy), on: problem)
      guard !outcomes.isEmpty else { continue }
      let time = try await time(of: remedy, on: twin)
      cells[remedy.name, default: Cell()].add(outcomes, time: time)
    }
  }

  private func outcomes(
    of strengths: [any Remedy], on problem: Problem
  ) async throws -> [Outcome] {
    var outcomes: [Outcome] = []
    for strength in strengths {
      guard let changed = strength.applied(to: problem) else { continue }
      if let outcome = try await Outcome(changed, of: problem) { outcomes.append(outcome) }
    }
    return outcomes
  }

  /// Time of a step with the first strength over that without, in turns on the same rows; nil where
  /// the remedy has nothing to change.
  private func time(of remedy: any Remedy.Type, on problem: Problem) async throws -> Double? {
    let without = try Run(problem)
    let evidence = Evidence(problem, trace: await without.trace)
    guard let changed = Strengths(evidence).of(remedy).first?.applied(to: problem),
      let with = try? Run(problem.with(changed))
    else { return nil }
    var ratios: [Double] = []
    for turn in 0..<8 {
      let pair = (await without.train(steps: 40), await with.train(steps: 40))
      let ratio = pair.0.stepsPerSecond / pair.1.stepsPerSecond
      if turn > 0, ratio.isFinite, ratio > 0 { ratios.append(ratio) }
    }
    return ratios.isEmpty ? nil : ratios.median
  }
}

/// What one strength of a remedy came to in one training.
struct Outcome {
  /// Healthy, and better than the mean: where the rows are the trouble, a low rate may end at a
  /// skill above 0.05 by following them alone.
  let isHealed: Bool
  let score: Double
  /// Steps until the loss, averaged over twenty, is half of the best constant output's; nil where
  /// it never was.
  let stepsToHalf: Int?
  /// What was changed, in words.
  let change: String

  /// Nil where the changed recipe cannot be trained.
  init?(_ changed: Recipe, of problem: Problem) async throws {
    guard let run = try? Run(problem.with(changed)) else { return nil }
    let training = await run.train()
    isHealed = training.verdict == .healthy && training.score > 0
    score = training.score
    let losses = await run.trace.losses
    let half = await run.baseline.reference / 2
    // A skipped step leaves a loss behind that is none.
    let reached = losses.indices.dropFirst(19).first { step in
      let recent = losses[step - 19...step].filter(\.isFinite).map(Double.init)
      return !recent.isEmpty && recent.reduce(0, +) / Double(recent.count) < half
    }
    stepsToHalf = isHealed ? reached.map { $0 + 1 } : nil
    change = changed.diff(from: problem.recipe).compactMap { change in
      change.to.map { "\(change.path)=\($0.brief().line)" }
    }.joined(separator: " ")
  }
}

/// One remedy against one cause.
struct Cell {
  /// By strength, the mildest first; a strength is a measured number and differs between recipes.
  private var strengths: [[Outcome]] = []
  private var times: [Double] = []
  private(set) var exploding = 0

  mutating func add(_ outcomes: [Outcome], time: Double?) {
    exploding += 1
    for (index, outcome) in outcomes.enumerated() {
      if index == strengths.count { strengths.append([]) }
      strengths[index].append(outcome)
    }
    if let time { times.append(time) }
  }

  /// The strength that heals most; of two the one with the better score.
  private var best: Int? {
    strengths.indices.max {
      (healed($0), score($0)) < (healed($1), score($1))
    }
  }

  private func healed(_ index: Int) -> Int { strengths[index].count(where: \.isHealed) }

  private func score(_ index: Int) -> Double {
    let scores = strengths[index].filter(\.isHealed).map(\.score)
    return scores.isEmpty ? -.infinity : scores.median
  }

  var healed: Int { best.map(healed) ?? 0 }
  var score: Double { best.map(score) ?? -.infinity }
  var time: Double { times.median }

  /// How many strengths there are, and which one is best.
  var strength: String { best.map { "\($0 + 1) of \(strengths.count)" } ?? "" }

  /// What the best strength changes in the first training that it heals.
  var change: String {
    best.flatMap { index in strengths[index].first(where: \.isHealed)?.change } ?? ""
  }

  /// The median of those healed.
  var stepsToHalf: Double {
    let steps = best.map { strengths[$0].filter(\.isHealed) } ?? []
    return steps.map { $0.stepsToHalf.map(Double.init) ?? .infinity }.median
  }
}
