import Foundation
import KeelRecipes

/// A reason why trainings explode: one factor of a recipe, and where it should stand.
///
/// A cause knows no remedy. Two experiments decide whether it is at work: the recipe with only this
/// factor reset, and the reference recipe with only this factor inserted.
public protocol Cause: Sendable {
  /// The file's name in kebab-case: `large-learning-rate`.
  static var name: String { get }
  /// One line that finishes "exploded because …".
  static var summary: String { get }
  /// How far the recipe lies beyond the reference in this factor; nil where it does not deviate.
  static func deviation(in recipe: Recipe) -> Deviation?
  /// The recipe with this factor at its reference, and nothing else changed.
  static func reset(_ recipe: Recipe) -> Recipe
  /// `reference` with this factor as `recipe` has it.
  static func insert(from recipe: Recipe, into reference: Recipe) -> Recipe
  /// Recipes that explode for this cause, and recipes that look like it and do not.
  static var guilty: [Recipe] { get }
  static var innocent: [Recipe] { get }
}

/// A factor beyond its reference.
public struct Deviation: Hashable, Sendable {
  /// What is measured: `learning rate`.
  public let quantity: String
  public let value: Double
  public let reference: Double
  /// Where it stands in the recipe: `optimizer.sgd.learning-rate`.
  public let path: String
  /// What resets it, as the command line writes it: `optimizer.sgd.learning-rate=0.01`.
  public let resetting: String

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
