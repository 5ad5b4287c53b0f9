import Foundation
import KeelData
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
  /// How far the subject lies beyond the reference in this factor; nil where it does not deviate.
  static func deviation(in subject: Subject) -> Deviation?
  /// The recipe with this factor, the whole of it, at its reference and nothing else changed; nil
  /// where it cannot be put there: half a reset is no experiment.
  static func reset(_ subject: Subject) -> Recipe?
  /// What the factor may come down to, where it has several parts: each as it deviates, and the
  /// recipe with that part alone at its reference. The one further off comes first.
  static func parts(of subject: Subject) -> [(deviation: Deviation, reset: Recipe)]
  /// What a forecast measured that speaks for this cause; without a command, which is filled in.
  static func exhibits(in forecast: Forecast) -> [Exhibit]
  /// What the training recorded that speaks for it; without a command, which is filled in.
  static func exhibits(in trace: Trace, of subject: Subject) -> [Exhibit]
  /// Recipes that explode for this cause, and recipes that look like it and do not.
  static var guilty: [Recipe] { get }
  static var innocent: [Recipe] { get }
}

extension Cause {
  public static func parts(of subject: Subject) -> [(deviation: Deviation, reset: Recipe)] { [] }
  public static func exhibits(in forecast: Forecast) -> [Exhibit] { [] }
  public static func exhibits(in trace: Trace, of subject: Subject) -> [Exhibit] { [] }
}

/// A recipe together with the rows it trains on, and where that ended: what causes and remedies
/// look at.
public struct Subject: Sendable {
  public let recipe: Recipe
  public let parts: DataSplit
  /// Rows with numbers far outside the rest, where the recipe keeps them.
  public let outliers: Outliers
  /// Of the rows without them.
  public let data: DataSummary
  /// Nil where it is not known.
  public let explosion: Explosion?

  public init(_ recipe: Recipe, _ parts: DataSplit, _ explosion: Explosion? = nil) {
    let parts = recipe.droppingBadRows(of: parts)
    let outliers =
      recipe.training.badRows == .drop ? Outliers.none : recipe.outliers(in: parts.train)
    self.init(
      recipe, parts, outliers, DataSummary(parts.train, leavingOut: outliers.rows), explosion)
  }

  private init(
    _ recipe: Recipe, _ parts: DataSplit, _ outliers: Outliers, _ data: DataSummary,
    _ explosion: Explosion?
  ) {
    (self.recipe, self.parts, self.outliers) = (recipe, parts, outliers)
    (self.data, self.explosion) = (data, explosion)
  }

  /// The same rows under another recipe; without the bad ones where that drops them. (Rows that are
  /// gone do not come back.)
  public func with(_ recipe: Recipe) -> Subject {
    recipe.training.badRows == self.recipe.training.badRows
      ? Subject(recipe, parts, outliers, data, explosion) : Subject(recipe, parts, explosion)
  }
}

/// A factor beyond its reference.
public struct Deviation: Hashable, Sendable {
  /// What is measured: `learning rate`.
  public let quantity: String
  public let value: Double
  public let reference: Double
  /// The layer where it is largest; nil where it is not about one.
  public let layer: String?
  /// That layer, or the row and column, in words.
  public let place: String?

  public init(
    quantity: String, value: Double, reference: Double, layer: String? = nil, place: String? = nil
  ) {
    self.quantity = quantity
    self.value = value
    self.reference = reference
    self.layer = layer
    self.place = place ?? layer
  }

  /// |log₁₀(value/reference)|: of two causes the one further off comes first.
  public var decades: Double { abs(log10(value / reference)) }
}

/// Which causes are looked for. `CauseCatalog.standard + [MyCause.self]` adds your own.
public struct CauseCatalog: Sendable {
  public var causes: [any Cause.Type]

  public init(_ causes: [any Cause.Type]) { self.causes = causes }

  public static func + (catalog: CauseCatalog, more: [any Cause.Type]) -> CauseCatalog {
    CauseCatalog(catalog.causes + more)
  }
}
