import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// A few rows lie far outside the rest: the batch that holds one wrecks the update.
///
/// **Definition** The distance of a number from the median of its column, over the column's usual
/// distance, the largest of inputs and numeric targets in the training part; it deviates above 25,
/// where no more than a tenth of the rows do, bad steps are not skipped, and bad rows not dropped.
/// See `Outliers` and `Guides/Causes/OutlierBatch.md`.
///
/// The reset drops the rows. How large the others are is for `UnscaledData` to say.
///
/// **References** Huber, *Robust statistics*, 1981.
public enum OutlierBatch: Cause {
  public static let name = "outlier-batch"
  public static let summary = "a few rows lie far outside the rest and wreck the update they are in"

  public static func deviation(in evidence: Evidence) -> Deviation? {
    guard evidence.recipe.training.badSteps == .stop, evidence.recipe.training.badRows != .drop,
      let worst = evidence.problem.outliers.worst
    else {
      return nil
    }
    let rows = evidence.problem.outliers.rows.count
    let others = rows > 1 ? ", and \(rows - 1) more \(rows > 2 ? "rows" : "row")" : ""
    return Deviation(
      quantity: "distance from the column's median, beside the usual (25 times is too far):",
      value: worst.distance,
      reference: worst.usual,
      place: "\(row(worst.row, of: evidence.problem)), \(worst.isTarget ? "target" : "input") "
        + "column \(worst.column + 1): \(worst.value)\(others)")
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    var recipe = evidence.recipe
    recipe.training.badRows = .drop
    return recipe
  }

  /// Of an engine's rows nobody knows here how its program counts them.
  private static func row(_ row: Int, of problem: Problem) -> String {
    "row \(problem.rows.train.number(ofRow: row))"
      + (problem.engine == nil ? "" : " in the order of the batches")
  }

  /// What the latest step made of a batch with such a row, beside the steps without one.
  public static func exhibits(in trace: Trace, of problem: Problem) -> [Exhibit] {
    guard var batches = try? Batches(problem.recipe, rows: problem.rows.train.count) else {
      return []
    }
    let outliers = Set(problem.outliers.rows.map(Int32.init))
    // Earlier steps than these tell nothing new, and there may be many.
    let steps = max(0, trace.count - batches.stepsPerEpoch - 1)..<trace.count
    let held = steps.map { step in
      batches.withRows(at: step) { $0.first { outliers.contains($0) } }
    }
    guard let last = held.lastIndex(where: { $0 != nil }), let row = held[last] else { return [] }
    let step = steps.lowerBound + last
    // A step lost on its way forward has no gradient.
    let hasGradient = trace.gradientNorms[step].isFinite
    let values = hasGradient ? trace.gradientNorms : trace.losses
    let others = zip(steps, held).filter { $0.1 == nil && values[$0.0].isFinite }
      .map { Double(values[$0.0]) }
    // Once the parameters are lost any batch is as bad as that.
    guard let median = others.median, !(Double(values[step]) <= median) else { return [] }
    return [
      Exhibit(
        quantity: "\(hasGradient ? "gradient norm" : "loss") of the batch that holds "
          + Self.row(Int(row), of: problem) + ", beside the others' median",
        measured: Double(values[step]), expected: median, step: step)
    ]
  }

  public static let guilty: [Recipe] = [
    regression(.relu, outliers: 1, scale: 1000),
    regression(.relu, outliers: 4, scale: 1e5, layers: 2),
    regression(.relu, outliers: 2, scale: 100, layers: 4),
  ]

  public static let innocent: [Recipe] = [
    regression(.relu, outliers: 4, scale: 3), regression(.relu, outliers: 0, scale: 1),
  ]

  private static func regression(
    _ activation: Choice<Layers>, outliers: Int, scale: Double, layers: Int = 1
  ) -> Recipe {
    Recipe(
      name: "\(outliers)-rows-\(scale)-\(activation.name)",
      data: .regression(
        samples: 640, features: 8, noise: 0.1, test: .fraction(0.2), outliers: outliers,
        outlierScale: scale),
      model: [.repeat(layers, [.dense(32), activation]), .dense(1)],
      initializer: activation == .relu ? .he() : .xavier(), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0.01), training: .init(epochs: 40, batch: 32))
  }
}
