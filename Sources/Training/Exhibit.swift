import KeelSettings

/// A measured fact that speaks for a finding, and what measures it again.
public struct Exhibit: Hashable, Codable, Sendable {
  /// What measures a fact again.
  public enum Reproduction: Hashable, Codable, Sendable {
    /// A forecast.
    case forecast
    /// A training of the recipe with these changes, none or some, each a setting of its own.
    case training(changes: [Change])
    /// A diagnosis: what heals takes more than settings.
    case diagnosis
  }

  /// What was measured: `learning rate`.
  public let quantity: String
  /// What it is in this training.
  public let measured: Double
  /// What it would be in a sound training.
  public let expected: Double
  /// The layer it was measured in; nil where it is not about one.
  public let layer: String?
  /// The step it was measured in, counted from 0; nil where it is not about one.
  public let step: Int?
  /// What measures it again; nil where that is not known.
  public let reproduction: Reproduction?

  public init(
    quantity: String, measured: Double, expected: Double, layer: String? = nil, step: Int? = nil,
    reproduction: Reproduction? = nil
  ) {
    self.quantity = quantity
    self.measured = measured
    self.expected = expected
    self.layer = layer
    self.step = step
    self.reproduction = reproduction
  }

  /// The same, measured again by this.
  package func reproduced(by reproduction: Reproduction) -> Exhibit {
    Exhibit(
      quantity: quantity, measured: measured, expected: expected, layer: layer, step: step,
      reproduction: reproduction)
  }
}
