import KeelData
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelTraining

/// Inputs or targets are in the hundreds: so are errors and gradients.
///
/// **Definition** The root mean square of the inputs, or of numeric targets, as the network sees
/// them; it deviates above 3. Real reports have this cause more often than any other.
///
/// **References** LeCun et al., *Efficient backprop*, 1998, §4.3.
public enum UnscaledData: Cause {
  public static let name = "unscaled-data"
  public static let summary = "inputs or targets are far from unit size"

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    [
      "input-scale", "inputs-scale", "data-scale", "target-scale", "feature-scale", "x-scale",
      "y-scale", "scale", "standardize", "normalize-inputs",
    ].contains(setting)
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    blocks(of: evidence).first?.deviation
  }

  /// Inputs and targets, those that can be brought to unit size.
  ///
  /// A block of which nothing would be left, since every column of it is constant, cannot.
  public static func reset(_ evidence: Evidence) -> Recipe? {
    let blocks = blocks(of: evidence)
    guard !blocks.contains(where: \.isConstant) else { return nil }
    let inputs = evidence.recipe.vocabulary == nil && !evidence.problem.summary.inputs.isConstant
    let targets = isRegression(evidence) && !(evidence.problem.summary.targets?.isConstant ?? true)
    return evidence.recipe.standardizing(inputs: inputs, targets: targets)
  }

  public static func parts(of evidence: Evidence) -> [(deviation: Deviation, reset: Recipe)] {
    let blocks = blocks(of: evidence)
    return blocks.count < 2
      ? []
      : blocks.map { block in
        let changed = evidence.recipe.standardizing(
          inputs: !block.isTargets, targets: block.isTargets)
        return (block.deviation, changed)
      }
  }

  /// What deviates, the larger first.
  private static func blocks(of evidence: Evidence)
    -> [(deviation: Deviation, isTargets: Bool, isConstant: Bool)]
  {
    let standardize = evidence.recipe.standardize
    var blocks: [(name: String, block: DataSummary.Block)] = []
    if !standardize.includesInputs, evidence.recipe.vocabulary == nil {
      blocks.append(("inputs", evidence.problem.summary.inputs))
    }
    if let targets = evidence.problem.summary.targets, !standardize.includesTargets,
      isRegression(evidence)
    {
      blocks.append(("targets", targets))
    }
    return blocks.filter { $0.block.rms > ReferencePoint.data }.sorted {
      $0.block.rms > $1.block.rms
    }
    .map { name, block in
      let deviation = Deviation(
        quantity: "root mean square of the \(name)", value: block.rms, reference: 1, place: name)
      return (deviation, name == "targets", block.isConstant)
    }
  }

  /// Targets of a cross-entropy are probabilities, which have their own scale.
  private static func isRegression(_ evidence: Evidence) -> Bool {
    evidence.problem.summary.targets != nil
      && evidence.recipe.loss.member.outputForm == .numbers
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
