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

  /// The recipe with everything that deviates at its reference; nil where what is unusual is put
  /// back, and nothing else.
  public let reference: Recipe?
  /// What was seen to act on every step, and is taken away: clips, of which the recipe alone does
  /// not tell.
  public let dropsClips: Bool

  public init(reference: Recipe? = nil, dropsClips: Bool = false) {
    (self.reference, self.dropsClips) = (reference, dropsClips)
  }

  public static func candidates(for evidence: Evidence) -> [RestoreSetting] {
    let reset = evidence.resets[UnusualSetting.name] ?? UnusualSetting.reset(evidence)
    let dropsClips = evidence.recipe.clipping != [] && reset?.clipping == []
    return [RestoreSetting(dropsClips: dropsClips)]
  }

  public func applied(to problem: Problem) -> Recipe? {
    if var reference {
      reference.seed = problem.recipe.seed
      return reference == problem.recipe ? nil : reference
    }
    var changed = UnusualSetting.reset(Evidence(problem)) ?? problem.recipe
    if dropsClips { changed.clipping = [] }
    return changed == problem.recipe ? nil : changed
  }
}
