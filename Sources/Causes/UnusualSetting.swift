import Foundation
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// A setting that no other cause claims is far from what healthy trainings have.
///
/// **Definition** Each is a factor of its own, named by its path. A real number beyond ten times
/// its default or below a tenth of it (an epsilon: a hundred times); a clip that acts in over nine
/// steps of ten, or whose limit is next to nothing; a limit on norms below 1, with which sound
/// weights begin; batch normalisation over fewer than four rows. The reset is the default, none of
/// the clip or the limit, layer normalisation in place of the batch's.
///
/// **References** Zeller, *Yesterday, my program worked. Today, it does not. Why?*, 1999: what
/// differs from a state that works is what is looked at.
public enum UnusualSetting: Cause {
  public static let name = "unusual-setting"
  public static let summary = "a setting is far from its default, and from what healthy ones have"

  public static func factors(in evidence: Evidence) -> [Factor] {
    numbers(evidence) + clips(evidence) + limits(evidence) + smallBatches(evidence)
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    factors(in: evidence).map(\.deviation).max { $0.decades < $1.decades }
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    factors(in: evidence).reduce(evidence.recipe) { recipe, factor in
      factor.reset(evidence.with(recipe)) ?? recipe
    }
  }

  // MARK: numbers

  /// The same setting of several layers is one factor: they are written alike, and act as one.
  private static func numbers(_ evidence: Evidence) -> [Factor] {
    let unusual = evidence.recipe.numbers.filter { isUnclaimed($0) && isUnusual($0) }
    let groups = Dictionary(grouping: unusual) { "\(type(of: $0.ingredient).name).\($0.name)" }
    return groups.values.compactMap { settings in
      guard let first = settings.first, let standard = first.standard else { return nil }
      let paths = Set(settings.map(\.path))
      let deviation = Deviation(
        quantity: first.path, value: first.value, reference: standard, place: first.path,
        decades: Deviation.decades(abs(first.value), standard == 0 ? 1 : standard))
      return Factor(Self.self, deviation, setting: deviation.place) { evidence in
        evidence.recipe.changingNumbers { paths.contains($0.path) ? standard : $0.value }
      }
    }.sorted { $0.deviation.quantity < $1.deviation.quantity }
  }

  private static func isUnusual(_ setting: NumberSetting) -> Bool {
    guard let standard = setting.standard else { return false }
    switch setting.name {
    case "epsilon":
      // Small ones are as good as none, and common; none divides by zero.
      return setting.value == 0 || setting.value > ReferencePoint.epsilon * max(standard, 1e-8)
    case "momentum":
      // Of batch normalisation: long averages are common.
      return setting.value < standard / ReferencePoint.epsilon / ReferencePoint.number
    default:
      // A default of 0 has no tenfold: one unit stands for it.
      let scale = standard == 0 ? 1 : abs(standard)
      let isSmall = standard != 0 && abs(setting.value) < scale / ReferencePoint.number
      return isSmall || abs(setting.value) > scale * ReferencePoint.number
    }
  }

  /// What named causes claim: rates, momentum and penalties, dropout, slopes that are too steep.
  private static func isUnclaimed(_ setting: NumberSetting) -> Bool {
    switch setting.ingredient {
    case is Dropout, is any Regularizer: false
    case let optimizer as any Optimizer:
      !["learning-rate", "weight-decay"].contains(setting.name)
        && type(of: optimizer).retentions[setting.name] == nil
    // Slopes are for `SteepActivation` to say; gentle ones are a matter of taste.
    case let activation as any Activation:
      setting.name != "slope" && !SteepActivation.isSteep(activation)
    default: true
    }
  }

  // MARK: what acts all the time

  private static func clips(_ evidence: Evidence) -> [Factor] {
    guard let last = evidence.recipe.clipping.choices.last else { return [] }
    let least = evidence.recipe.numbers.filter { $0.ingredient is any Clip && $0.name == "limit" }
      .min { $0.value < $1.value }
    if let least, least.value < ReferencePoint.clipLimit {
      let deviation = Deviation(
        quantity: least.path, value: least.value, reference: 1, place: "clipping.\(last.name)")
      return [Factor(Self.self, deviation, setting: deviation.place, reset: withoutClips)]
    }
    guard let trace = evidence.trace else { return [] }
    let seen = (0..<trace.count).filter {
      trace.gradientNorms[$0].isFinite && trace.clippedNorms[$0].isFinite
    }
    let share = trace.clippedShare(of: seen)
    guard seen.count >= ReferencePoint.clippedSteps, share > ReferencePoint.clipped else {
      return []
    }
    // How much is left of a gradient tells how far off it is.
    let left =
      seen.map {
        Double(trace.clippedNorms[$0]) / max(Double(trace.gradientNorms[$0]), .leastNormalMagnitude)
      }.median ?? 1
    let deviation = Deviation(
      quantity: "share of steps in which the clip acts", value: share,
      reference: ReferencePoint.clipped, place: "clipping.\(last.name)",
      decades: Deviation.decades(max(left, 1e-30), 1))
    return [Factor(Self.self, deviation, setting: deviation.place, reset: withoutClips)]
  }

  private static func withoutClips(_ evidence: Evidence) -> Recipe? {
    var recipe = evidence.recipe
    recipe.clipping = []
    return recipe
  }

  private static func limits(_ evidence: Evidence) -> [Factor] {
    // The norm that He gives the weights into a unit is √2, Xavier's about 1.
    evidence.recipe.numbers.compactMap { setting in
      guard setting.ingredient is MaxNorm, setting.value < ReferencePoint.weightNorm else {
        return nil
      }
      let deviation = Deviation(
        quantity: setting.path, value: setting.value, reference: ReferencePoint.weightNorm,
        place: setting.path)
      return Factor(Self.self, deviation, setting: deviation.place) { evidence in
        var recipe = evidence.recipe
        recipe.regularizer.choices.removeAll { $0.ingredient is MaxNorm }
        return recipe
      }
    }
  }

  private static func smallBatches(_ evidence: Evidence) -> [Factor] {
    let rows = min(evidence.recipe.training.batch, evidence.problem.rows.train.count)
    guard rows < ReferencePoint.batch,
      evidence.recipe.leaves.contains(where: { $0.ingredient is BatchNorm })
    else { return [] }
    let deviation = Deviation(
      quantity: "rows that batch normalisation sees at once", value: Double(rows),
      reference: Double(ReferencePoint.batch), place: "training.batch")
    return [
      Factor(Self.self, deviation, setting: deviation.place) { evidence in
        evidence.recipe.replacingLeaves { $0.ingredient is BatchNorm ? [.layerNorm()] : [$0] }
      }
    ]
  }

  public static let guilty: [Recipe] = [
    spirals(.adam(learningRate: 0.001, epsilon: 1e4), [], "epsilon"),
    spirals(.sgd(learningRate: 0.01), [.globalNorm(1e-6)], "clip"),
  ]

  public static let innocent: [Recipe] = [
    spirals(.adam(learningRate: 0.001, epsilon: 1e-3), [], "large-epsilon"),
    spirals(.sgd(learningRate: 0.05), [.globalNorm(0.1)], "usual-clip"),
  ]

  private static func spirals(
    _ optimizer: Choice<Optimizers>, _ clipping: Chain<Clips>, _ name: String
  ) -> Recipe {
    Recipe(
      name: name, data: .spirals(samples: 600, classes: 3, noise: 0.05),
      model: [.dense(24), .relu, .dense(3)], initializer: .he(), loss: .softmaxCrossEntropy,
      optimizer: optimizer, clipping: clipping, training: .init(epochs: 40, batch: 32))
  }
}
