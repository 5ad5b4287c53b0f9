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

  /// How far off it is: of two causes the one further off comes first.
  public let decades: Double

  /// - Parameter decades: |log₁₀(value/reference)| where nothing else is given; for a share of the
  ///   past, say, that of the steps it remembers.
  public init(
    quantity: String, value: Double, reference: Double, layer: String? = nil,
    place: String? = nil, decades: Double? = nil
  ) {
    self.quantity = quantity
    self.value = value
    self.reference = reference
    self.layer = layer
    self.place = place ?? layer
    self.decades = decades ?? Self.decades(value, reference)
  }

  /// |log₁₀| of a ratio; of nothing beside something, or of the infinite, the most that float32
  /// spans.
  package static func decades(_ value: Double, _ reference: Double) -> Double {
    let decades = abs(log10(abs(value) / abs(reference)))
    return decades.isNaN ? 0 : min(decades, 76)
  }
}
