import KeelForecast
import KeelRecipes
import KeelTraining

/// Inputs or targets are in the hundreds: so are errors and gradients.
///
/// **Definition** The root mean square of the inputs, or of numeric targets, as the network sees them;
/// it deviates above 3. Real reports have this cause more often than any other.
///
/// **References** LeCun et al., *Efficient backprop*, 1998, §4.3.
public enum UnscaledData: Cause {
  public static let name = "unscaled-data"
  public static let summary = "inputs or targets are far from unit size"

  public static func deviation(in subject: Subject) -> Deviation? {
    let standardize = subject.recipe.standardize
    var blocks: [(name: String, block: DataSummary.Block)] = []
    if !standardize.includesInputs, subject.recipe.vocabulary == nil {
      blocks.append(("input", subject.data.inputs))
    }
    if let targets = subject.data.targets, !standardize.includesTargets, isRegression(subject) {
      blocks.append(("target", targets))
    }
    guard let (name, worst) = blocks.max(by: { $0.block.rms < $1.block.rms }),
      worst.rms > Reference.data
    else { return nil }
    let row = subject.parts.train.number(ofRow: worst.row)
    return Deviation(
      quantity: "root mean square of the \(name)s", value: worst.rms, reference: 1,
      place: "row \(row), \(name) column \(worst.column + 1): \(Float(worst.largest))")
  }

  public static func reset(_ subject: Subject) -> Recipe? {
    let inputs = !subject.data.inputs.hasConstantColumn && subject.recipe.vocabulary == nil
    let targets =
      isRegression(subject) && subject.data.targets.map { !$0.hasConstantColumn } ?? false
    var recipe = subject.recipe
    switch (inputs, targets) {
    case (true, true): recipe.standardize = .both
    case (true, false): recipe.standardize = .inputs
    case (false, true): recipe.standardize = .targets
    case (false, false): return nil
    }
    return recipe
  }

  /// Targets of a cross-entropy are probabilities, which have their own scale.
  private static func isRegression(_ subject: Subject) -> Bool {
    let loss = subject.recipe.loss.ingredient
    return subject.data.targets != nil
      && (loss is MeanSquaredError || loss is MeanAbsoluteError || loss is Huber)
  }

  /// How far the inputs are beyond the largest scale that was seen to hold.
  public static func exhibits(in forecast: Forecast) -> [Exhibit] {
    guard let margin = forecast.margin.data, margin < 1 else { return [] }
    return [
      Exhibit(
        quantity: "scale of the inputs, against the largest that holds", measured: 1,
        expected: margin)
    ]
  }

  public static let guilty: [Recipe] = [
    regression(scale: 100), regression(scale: 2000), regression(scale: 30, units: 128),
  ]

  public static let innocent: [Recipe] = [
    regression(scale: 100, standardize: .both), regression(scale: 1),
  ]

  private static func regression(
    scale: Double, units: Int = 32, standardize: Recipe.Standardize = .none
  ) -> Recipe {
    Recipe(
      name: "scale-\(scale)-\(standardize.rawValue)",
      data: .regression(samples: 512, features: 8, noise: 0.1, scale: scale),
      standardize: standardize, model: [.dense(units), .relu, .dense(1)], initializer: .he(),
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.01),
      training: .init(epochs: 40, batch: 32))
  }
}
