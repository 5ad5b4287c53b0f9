import KeelCauses
import KeelRecipes
import KeelTraining

/// A setting put back to what healthy trainings have.
///
/// Where nothing smaller was found, everything that deviates at once: the recipe that the
/// experiments have seen to train.
///
/// **References** Zeller, *Yesterday, my program worked. Today, it does not. Why?*, 1999.
public struct RestoreSetting: Remedy {
  public static let name = "restore-setting"
  public static let summary = "a setting back at what healthy trainings have"
  public static let undoes = [UnusualSetting.name]
  public static let price = Price(
    invasiveness: 0, timePerStep: 1, risk: "whatever the setting was meant to do")
  public static let isHot = false

  /// The recipe with everything that deviates at its reference; nil where only what is unusual is
  /// put back.
  public let reference: Recipe?
  /// Where what is put back stands; empty where that is all that is unusual.
  public let places: [String]
  /// What was seen to act on every step, and is taken away: clips, of which the recipe alone does
  /// not tell.
  public let dropsClips: Bool

  public init(reference: Recipe? = nil, places: [String] = [], dropsClips: Bool = false) {
    (self.reference, self.places, self.dropsClips) = (reference, places, dropsClips)
  }

  /// What the experiments have blamed, where they have.
  public static func candidates(for evidence: Evidence) -> [RestoreSetting] {
    let factors = UnusualSetting.factors(in: evidence)
    let blamed = evidence.resets[UnusualSetting.name].map { reset in
      factors.filter { $0.reset(evidence.with(reset)) == reset }
    }
    let reset = evidence.resets[UnusualSetting.name] ?? UnusualSetting.reset(evidence)
    return [
      RestoreSetting(
        places: (blamed ?? factors).compactMap(\.deviation.place),
        dropsClips: evidence.recipe.clipping != [] && reset?.clipping == [])
    ]
  }

  public func applied(to problem: Problem) -> Recipe? {
    if var reference {
      reference.seed = problem.recipe.seed
      return reference == problem.recipe ? nil : reference
    }
    let evidence = Evidence(problem)
    var changed = UnusualSetting.factors(in: evidence).filter { factor in
      places.isEmpty || factor.deviation.place.map(places.contains) ?? false
    }.reduce(problem.recipe) { recipe, factor in
      factor.reset(evidence.with(recipe)) ?? recipe
    }
    if dropsClips { changed.clipping = [] }
    return changed == problem.recipe ? nil : changed
  }
}
