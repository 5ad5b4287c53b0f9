/// How far each knob is from its edge: edge ÷ current value, below 1 beyond it.
///
/// Infinite where no edge was found; nil where no value was found to hold, or the budget was spent.
public struct Margin: Hashable, Codable, Sendable {
  public let learningRate: Double?
  /// A factor on all initial weights.
  public let initialization: Double?
  /// A factor on the inputs; nil where they are standardised, which undoes it.
  public let data: Double?

  enum CodingKeys: String, CodingKey {
    case learningRate = "learning-rate"
    case initialization, data
  }

  public init(learningRate: Double?, initialization: Double?, data: Double?) {
    self.learningRate = learningRate
    self.initialization = initialization
    self.data = data
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(learningRate, forKey: .learningRate)
    try container.encode(initialization, forKey: .initialization)
    try container.encode(data, forKey: .data)
  }
}
