import Foundation
import KeelAuthoring
import KeelArchive
import KeelBenchmarks

/// A training that is known to succeed, and what it has to reach on rows it never saw.
struct Exercise: Named {
  /// `Recipes/<name>.yaml`.
  let name: String
  let measure: Measure
  let goal: Goal
  /// What is trained where nobody asks for other seeds; cheap trainings can afford more.
  var seeds: [UInt64] = [0, 1, 2]

  static let all = [
    Exercise(name: "mnist-cnn", measure: .accuracy, goal: .above(0.98)),
    Exercise(name: "adding-lstm", measure: .squaredError, goal: .below(0.01)),
    // Pascanu et al. call it solved where less than 1 % of the answers are wrong.
    Exercise(
      name: "temporal-order-clipped", measure: .accuracy, goal: .above(0.99), seeds: Array(0..<10)),
    Exercise(name: "temporal-order", measure: .accuracy, goal: .above(0.99), seeds: Array(0..<10)),
    Exercise(name: "residual-mlp", measure: .accuracy, goal: .above(0.95)),
    Exercise(name: "residual-mlp-normalized", measure: .accuracy, goal: .above(0.95)),
    Exercise(name: "text-gpt", measure: .crossEntropy, goal: .belowBigram),
  ]

  /// - Throws: `KeelError`, where its data are not there.
  static func recipe(_ name: String, setting changes: [String] = []) throws -> Recipe {
    let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../..").standardizedFileURL
    let file = checkout.appendingPathComponent("Recipes/\(name).yaml")
    let recipe = try RecipeFile.read(file.path, setting: changes)
    if let absent = recipe.absentFile {
      throw KeelError(
        .missing, at: absent, "is not there", fix: "lay the shared data beside the checkout")
    }
    return recipe
  }

  // MARK: its row

  static let header = [
    "training", "seeds", "on the test part", "reached", "target", "met", "steps",
    "seconds a training",
  ]

  /// - Throws: `KeelError` where it cannot be trained.
  func row(seeds asked: [UInt64]) async throws -> [String] {
    let seeds = asked == [0, 1, 2] ? seeds : asked
    var recipe = try Self.recipe(name)
    var values: [Double] = []
    var (steps, seconds) = (0, 0.0)
    var target = Double.nan
    for seed in seeds {
      recipe.seed = seed
      let parts = try recipe.data.member.load(from: recipe.folder, seed: seed)
      let run = try Run(Problem(recipe))
      let training = await run.train()
      target = goal.value(parts)
      (steps, seconds) = (max(steps, training.steps), seconds + training.seconds)
      values.append(try measure.value(of: await run.network, parts, training))
    }
    let met = values.count { goal.isMet($0, target) }
    return [
      name, seeds.map(String.init).joined(separator: " "), measure.rawValue,
      values.map(measure.text).joined(separator: " "),
      goal.sign + " " + measure.text(target) + goal.remark, "\(met) of \(seeds.count)",
      String(steps), Text.fixed(seconds / Double(seeds.count), 1),
    ]
  }
}

/// What a training has to reach.
enum Goal {
  case above(Double)
  case below(Double)
  /// The loss of a bigram model of the same rows.
  case belowBigram

  func value(_ parts: DataSplit) -> Double {
    switch self {
    case .above(let value), .below(let value): value
    case .belowBigram: Bigram(parts.train).loss(parts.test ?? parts.train)
    }
  }

  func isMet(_ value: Double, _ target: Double) -> Bool {
    if case .above = self { return value > target }
    return value < target
  }

  var sign: String {
    if case .above = self { return ">" }
    return "<"
  }

  var remark: String {
    if case .belowBigram = self { return " (bigrams)" }
    return ""
  }
}
