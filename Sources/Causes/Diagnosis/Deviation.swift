import Foundation
import KeelData
import KeelForecast
import KeelRecipes
import KeelTraining

/// A factor beyond its reference.
public struct Deviation: Hashable, Sendable {
  /// What is measured: `learning rate`.
  public let quantity: String
  /// The quantity in this recipe.
  public let value: Double
  /// The quantity where it should stand.
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
