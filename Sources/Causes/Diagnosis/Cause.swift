import Foundation
import KeelForecast
import KeelRecipes
import KeelTraining

/// A reason why trainings explode, or learn nothing: one factor of a recipe, and where it should
/// stand.
///
/// A cause knows no remedy. Trials decide whether it is at work: with only this factor reset, and
/// with every other deviating factor reset.
public protocol Cause: Sendable {
  /// The file's name in kebab-case: `large-learning-rate`.
  static var name: String { get }
  /// One line that finishes "exploded because …".
  static var summary: String { get }
  /// Whether only somebody else's training can have it, which an engine runs: a recipe has no
  /// setting for it.
  static var isOfEngines: Bool { get }
  /// Whether a setting of a study's program stands for it, by its name alone.
  /// - Parameters:
  ///   - setting: the name, with dashes and in small letters: `learning-rate`.
  ///   - isAbove: whether its value is above its reference; nil where they are no numbers.
  static func claims(_ setting: String, isAbove: Bool?) -> Bool
  /// Everything it claims that deviates: for most causes one factor, `deviation` and `reset`.
  static func factors(in evidence: Evidence) -> [Factor]
  /// How far the recipe lies beyond the reference in this factor; nil where it does not deviate.
  static func deviation(in evidence: Evidence) -> Deviation?
  /// The recipe with this factor, the whole of it, at its reference and nothing else changed; nil
  /// where it cannot be put there: half a reset is no experiment.
  static func reset(_ evidence: Evidence) -> Recipe?
  /// What the factor may come down to, where it has several parts: each as it deviates, and the
  /// recipe with that part alone at its reference. The one further off comes first.
  static func parts(of evidence: Evidence) -> [(deviation: Deviation, reset: Recipe)]
  /// What a forecast measured that speaks for this cause.
  static func exhibits(in forecast: Forecast) -> [Exhibit]
  /// What the training recorded that speaks for it.
  static func exhibits(in trace: Trace, of problem: Problem) -> [Exhibit]
  /// Recipes that explode for this cause, and recipes that look like it and do not.
  static var guilty: [Recipe] { get }
  static var innocent: [Recipe] { get }
}

extension Cause {
  public static var isOfEngines: Bool { false }
  public static func claims(_ setting: String, isAbove: Bool?) -> Bool { false }
  public static var guilty: [Recipe] { [] }
  public static var innocent: [Recipe] { [] }
  public static func factors(in evidence: Evidence) -> [Factor] {
    deviation(in: evidence).map { [Factor(self, $0)] } ?? []
  }
  public static func parts(of evidence: Evidence) -> [(deviation: Deviation, reset: Recipe)] { [] }
  public static func exhibits(in forecast: Forecast) -> [Exhibit] { [] }
  public static func exhibits(in trace: Trace, of problem: Problem) -> [Exhibit] { [] }
}

/// Which causes are looked for.
///
/// `CauseCatalog.standard + [MyCause.self]` adds your own.
public struct CauseCatalog: Sendable {
  /// The causes that a recipe is held against.
  public var causes: [any Cause.Type]

  public init(_ causes: [any Cause.Type]) { self.causes = causes }

  /// The catalogue with more members behind it.
  public static func + (catalog: CauseCatalog, more: [any Cause.Type]) -> CauseCatalog {
    CauseCatalog(catalog.causes + more)
  }
}
