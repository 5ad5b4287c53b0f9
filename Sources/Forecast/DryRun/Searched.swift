/// What the margins rest on: the factors that were seen to hold and to fail.
public struct Searched: Hashable, Codable, Sendable {
  /// Of the learning rate.
  public internal(set) var learningRate = EdgeSearch()
  /// Of all initial weights.
  public internal(set) var initialization = EdgeSearch()
  /// Of the inputs.
  public internal(set) var data = EdgeSearch()

  enum CodingKeys: String, CodingKey {
    case learningRate = "learning-rate"
    case initialization, data
  }

  /// Edge ÷ current value.
  var margin: Margin {
    Margin(
      learningRate: learningRate.edge, initialization: initialization.edge, data: data.edge)
  }
}
