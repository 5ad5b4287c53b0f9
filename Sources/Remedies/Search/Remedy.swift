import KeelCauses
import KeelRecipes
import KeelTraining

/// A change of a recipe against causes, in a certain strength.
///
/// It is pure: it changes values. Whether it helps is for a trial to show.
public protocol Remedy: Hashable, Sendable {
  /// The file's name in kebab-case: `lower-learning-rate`.
  static var name: String { get }
  static var summary: String { get }
  /// Names of the causes it is made for: it acts on their factor itself.
  static var undoes: [String] { get }
  /// Names of further causes against which it was seen to help.
  static var mayHelp: [String] { get }
  static var price: Price { get }
  /// Whether a running training can take it over: it changes what is done with gradients, not how
  /// they come about.
  static var isHot: Bool { get }
  /// Whether it can help where the very first pass overflows; what is hot cannot, as a rule.
  static var helpsBeforeUpdate: Bool { get }
  /// Whether it acts on what only somebody else's training has, which an engine runs.
  static var isOfEngines: Bool { get }
  /// The recipe whose first steps must have been measured before strengths can be named; nil where
  /// none need be.
  static func recipeToMeasure(_ evidence: Evidence) -> Recipe?
  /// The strengths worth a trial, the mildest first.
  static func candidates(for evidence: Evidence) -> [Self]
  /// The changed recipe; nil where there is nothing to change.
  func applied(to problem: Problem) -> Recipe?
}

extension Remedy {
  public static var mayHelp: [String] { [] }
  public static var helpsBeforeUpdate: Bool { !isHot }
  public static var isOfEngines: Bool { false }
  public static func recipeToMeasure(_ evidence: Evidence) -> Recipe? { nil }
}

extension Remedy {
  /// All causes that it is tried against, those that it undoes first.
  package static var treats: [String] { undoes + mayHelp }
}

/// Which remedies are tried.
///
/// `RemedyCatalog.standard + [MyRemedy.self]` adds your own.
public struct RemedyCatalog: Sendable {
  /// The remedies that a search chooses from.
  public var remedies: [any Remedy.Type]

  public init(_ remedies: [any Remedy.Type]) { self.remedies = remedies }

  /// The catalogue with more members behind it.
  public static func + (catalog: RemedyCatalog, more: [any Remedy.Type]) -> RemedyCatalog {
    RemedyCatalog(catalog.remedies + more)
  }
}
