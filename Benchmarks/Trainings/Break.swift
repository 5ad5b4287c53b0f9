import KeelAuthoring
import KeelBenchmarks

/// A training that is broken on purpose: the same recipe with one thing changed.
struct Break: Named {
  let name: String
  /// `Recipes/<twin>.yaml`.
  let twin: String
  /// Changes of both, as on a command line: what makes the twin break, or fit the time.
  var common: [String] = []
  let fault: String

  static let all = [
    Break(
      name: "convolution, standard normal", twin: "mnist-cnn", common: ["training.epochs=4"],
      fault: "initializer={normal: 1}"),
    Break(
      name: "tanh recurrence × 1.5", twin: "temporal-order-clipped",
      fault: "model[0].recurrent.recurrent-initializer={orthogonal: 1.5}"),
    Break(
      name: "LSTM recurrence × 1.5", twin: "adding-lstm",
      fault: "model[0].lstm.recurrent-initializer={orthogonal: 1.5}"),
    // Tanh and gates bound what the two above can do: they may stall, but do not explode.
    Break(
      name: "ReLU recurrence × 3", twin: "adding-lstm",
      common: [
        "data.adding-problem.length=50", "model[0]={recurrent: {units: 64, activation: relu}}",
        "optimizer={adam: 0.001}", "clipping=none", "training.epochs=8",
      ], fault: "model[0].recurrent.recurrent-initializer={orthogonal: 3}"),
    Break(
      name: "residual, unscaled and deep", twin: "residual-mlp",
      fault: "model[1].repeat.layers[0].residual.layers[1].dense.initializer=he"),
    Break(
      name: "attention at a rate of 1", twin: "text-gpt", fault: "optimizer.adam.learning-rate=1"),
  ]

  // MARK: its row

  static let header = [
    "broken", "seed", "forecast", "first suspect", "verdict", "first finding", "remedies", "score",
    "twin", "≥ twin − 0.02", "cost", "seconds",
  ]

  /// - Throws: `KeelError` where it cannot be trained.
  func row(seed: UInt64) async throws -> [String] {
    var sound = try Exercise.recipe(twin, setting: common)
    var broken = try Exercise.recipe(twin, setting: common + [fault])
    (sound.seed, broken.seed) = (seed, seed)
    let score = try await Run(Problem(sound)).train().score
    let sample = try await Sample(name, in: "broken", broken)
    return [
      name, String(seed), sample.forecast.verdict.rawValue, sample.forecast.cause ?? "–",
      sample.verdict.rawValue, sample.finding, sample.remedies, sample.scores, Text.score(score),
      sample.score >= score - 0.02 ? "yes" : "**no**", Text.fixed(sample.cost, 2),
      Text.fixed(sample.seconds, 1),
    ]
  }
}
