/// A measured fact that speaks for a finding, and the command that measures it again.
public struct Exhibit: Hashable, Codable, Sendable {
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
  /// The command line that measures it again; nil until it is filled in, and where a program gave
  /// the rows.
  public let command: String?

  public init(
    quantity: String, measured: Double, expected: Double, layer: String? = nil, step: Int? = nil,
    command: String? = nil
  ) {
    self.quantity = quantity
    self.measured = measured
    self.expected = expected
    self.layer = layer
    self.step = step
    self.command = command
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(quantity, forKey: .quantity)
    try container.encode(measured, forKey: .measured)
    try container.encode(expected, forKey: .expected)
    try container.encode(layer, forKey: .layer)
    try container.encode(step, forKey: .step)
    try container.encode(command, forKey: .command)
  }
}
