import KeelData
import KeelNetworks
import KeelRecipes
import KeelTraining

/// What theory, real batches and a dry run say before training.
///
/// Its coding keys are part of the command's contract.
///
/// The verdict comes from the dry run (for linear models under squared error from their exact
/// curvature, too), from a schedule that grows far beyond the largest rate that holds, and from a
/// momentum that forgets nothing: gains and sharpness are exhibits. It never says that a training
/// is stable for ever: what sharpens after the dry run is the monitor's business.
public struct Forecast: Codable, Sendable {
  /// What is expected of a training.
  public enum Verdict: String, Hashable, Codable, CaseIterable, Sendable {
    /// Nothing exploded in the dry run.
    case stable
    case exploding
    /// No gradient reaches the first layer.
    case vanishing
  }

  /// The recipe's learning rate, and how large it could be.
  public struct LearningRate: Hashable, Codable, Sendable {
    /// The optimizer's learning rate, before any schedule.
    public let current: Double
    /// The largest rate that stays finite and ends below its starting loss; nil where none was
    /// found.
    public let limit: Double?

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(current, forKey: .current)
      try container.encode(limit, forKey: .limit)
    }
  }

  /// One layer with a weight, at initialisation.
  public struct Layer: Hashable, Codable, Sendable {
    public let name: String
    /// Root mean square of its output over that of the layer's before (of the input).
    public let forwardGain: Double
    /// Norm of the gradient at the output of the layer before, over that at its own.
    public let backwardGain: Double
    /// Norm of the gradient of its parameters; NaN where the pass was not finite.
    public let gradientNorm: Double
    /// The same two gains by theory; nil where a layer is unknown to it.
    public let theory: Theory?
    /// Nil for layers that do not go through time.
    public let recurrence: Recurrence?

    /// What a recurrent layer's weights do in time.
    public struct Recurrence: Hashable, Codable, Sendable {
      /// The largest singular value of the recurrent weight, gate by gate.
      public let spectralNorm: Double
      /// log₁₀ of the gradient's norm in the first step that is reached over that in the last.
      public let timeGrowth: Double
    }

    /// What theory expects of a layer's two gains.
    public struct Theory: Hashable, Codable, Sendable {
      /// Root mean square of the output over that of the layer's before.
      public let forwardGain: Double
      /// Norm of the gradient at the output of the layer before, over that at its own.
      public let backwardGain: Double
      /// Whether the layer is what the theory is about: wide, with independent, centred weights.
      public let isExact: Bool
    }

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(forwardGain, forKey: .forwardGain)
      try container.encode(backwardGain, forKey: .backwardGain)
      try container.encode(gradientNorm, forKey: .gradientNorm)
      try container.encode(theory, forKey: .theory)
      try container.encode(recurrence, forKey: .recurrence)
    }
  }

  /// What was spent on it.
  public struct Cost: Hashable, Codable, Sendable {
    /// Gradient evaluations.
    public let evaluations: Double
    /// The most that may be spent: 300, or 5 % of one training where that is more.
    public let limit: Double
  }

  /// The recipe that was looked at.
  public let recipe: Recipe
  /// What is expected of its training.
  public let verdict: Verdict
  /// The step in which a training would be called exploding; nil where it would not.
  public let step: Int?
  /// How likely an explosion is.
  public let probability: Double
  /// Steps that were really taken: nothing later was seen, but for the batch with the worst row.
  public let stepsSeen: Int
  /// The step from which a schedule that grows carries the rate beyond the largest that was seen to
  /// hold; nil where none does.
  public let crossesLimitAt: Int?
  /// Whether the momentum remembers more steps than the run has.
  public let remembersAll: Bool
  /// Suspects: without a trial no confidence exceeds 0.8.
  public var findings: [Finding]
  /// log₁₀ of the norm of the gradient at the first layer's output over that at the last.
  ///
  /// It is measured, or by theory where the measured pass was not finite; NaN where neither knows.
  public let gradientGrowth: Double
  /// How much of it batch normalisation makes by itself, by theory; nil where there is none in a
  /// row of layers without a path around them.
  public let batchNormGrowth: Double?
  /// What that means, in words; empty where there is nothing to say.
  public let notes: [String]
  public let learningRate: LearningRate
  /// How far each knob is from its edge; all nil in a quick forecast.
  public let margin: Margin
  /// Between which factors each edge lies.
  public let searched: Searched
  public let layers: [Layer]
  /// The step with the first value that float32 does not hold, if nobody stops the training before:
  /// seen, or continued from the growth of the loss.
  public let diesAtStep: Int?
  /// The steps that were really taken.
  public let dryRun: DryRun
  /// Nil in a quick forecast.
  public let sharpness: Sharpness?
  /// What was spent on it, in gradient evaluations.
  public let cost: Cost

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(recipe, forKey: .recipe)
    try container.encode(verdict, forKey: .verdict)
    try container.encode(step, forKey: .step)
    try container.encode(probability, forKey: .probability)
    try container.encode(stepsSeen, forKey: .stepsSeen)
    try container.encode(crossesLimitAt, forKey: .crossesLimitAt)
    try container.encode(remembersAll, forKey: .remembersAll)
    try container.encode(findings, forKey: .findings)
    try container.encode(gradientGrowth, forKey: .gradientGrowth)
    try container.encode(batchNormGrowth, forKey: .batchNormGrowth)
    try container.encode(notes, forKey: .notes)
    try container.encode(learningRate, forKey: .learningRate)
    try container.encode(margin, forKey: .margin)
    try container.encode(searched, forKey: .searched)
    try container.encode(layers, forKey: .layers)
    try container.encode(diesAtStep, forKey: .diesAtStep)
    try container.encode(dryRun, forKey: .dryRun)
    try container.encode(sharpness, forKey: .sharpness)
    try container.encode(cost, forKey: .cost)
  }
}

extension Forecast {
  /// A schedule's largest rate so many times beyond the largest that holds will not be borne.
  package static let farBeyond = 3.0

  /// What speaks for an explosion.
  enum Prospect {
    /// The dry run, or the exact curvature of a linear model.
    case seen
    /// A schedule that carries the rate far beyond its limit.
    case farBeyond
    /// A momentum that remembers more steps than the run has.
    case endless
    /// A rate at its limit, now or later; or nobody found one that holds.
    case near
    case nothing

    /// (right + 1)/(all + 2) of forecasts that were sealed before the training, of faults and
    /// healthy recipes of seeds B and C.
    var probability: Double {
      switch self {
      case .seen: 0.97  // 400 of 412
      case .farBeyond: 0.85  // 22 of 25
      case .endless: 0.64  // 6 of 9
      case .near: 0.1  // 11 of 123
      case .nothing: 0.01  // 23 of 2,424
      }
    }
  }
}

/// How much a forecast looks at.
package enum ForecastScope: Hashable, Sendable {
  /// Theory, one measured batch and the dry run.
  case quick
  /// Sharpness, the limit of the learning rate and the margins besides.
  case full
}
