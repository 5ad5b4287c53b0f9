import KeelCauses
import KeelEngine
import KeelRecipes
import KeelSettings
import KeelTraining

/// Another value of a setting of a study's program: its reference, one that the study names, or one
/// between the reference and what failed.
///
/// **References** Zeller, *Yesterday, my program worked. Today, it does not. Why?*, 1999.
public struct AdjustSetting: Remedy {
  public static let name = "adjust-setting"
  public static let summary = "another value of a setting of a study's program"
  public static let undoes: [String] = []
  public static let price = Price(
    invasiveness: 0, timePerStep: 1, risk: "whatever the setting was meant to do")
  public static let isHot = false
  public static let isOfEngines = true

  /// The setting, and its new value.
  let setting: String
  let value: Settings

  /// Of every setting that is not at its reference.
  public static func candidates(for evidence: Evidence) -> [AdjustSetting] {
    (evidence.problem.engine?.knobs ?? []).flatMap { values(of: $0) }
  }

  /// The values of one setting that are worth a trial: the reference, those that its study names,
  /// and half way, by size, from the reference to what failed.
  static func values(of knob: Knob) -> [AdjustSetting] {
    var seen = [knob.value]
    return ([knob.reference] + knob.values + between(knob)).compactMap { value in
      guard !seen.contains(value) else { return nil }
      seen.append(value)
      return AdjustSetting(setting: knob.name, value: value)
    }
  }

  /// Only of numbers that are neither whole nor of two signs: half a layer is none.
  private static func between(_ knob: Knob) -> [Settings] {
    guard let value = knob.value.number, let reference = knob.reference.number,
      (value > 0) == (reference > 0), value != 0, reference != 0,
      value != value.rounded() || reference != reference.rounded()
    else { return [] }
    let size = abs(value).squareRoot() * abs(reference).squareRoot()
    return [.number(rounded(value < 0 ? -size : size))]
  }

  public func applied(to problem: Problem) -> Recipe? {
    let changed = problem.recipe.settingOwn([(setting, value)])
    return changed == problem.recipe ? nil : changed
  }
}
