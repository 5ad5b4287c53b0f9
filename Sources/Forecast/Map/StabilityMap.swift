import KeelTraining

/// Where a training ends to be stable, over two of its settings: each cell a short training, and
/// the edge that a forecast sees beside the one that was measured.
public struct StabilityMap: Hashable, Codable, Sendable {
  /// What becomes of a training.
  public enum Outcome: String, Hashable, Codable, CaseIterable, Sendable {
    case stable, exploding, vanishing
    /// It is finite to its end, and learns nothing.
    case notLearning = "not-learning"
    /// Nothing can be trained that way.
    case notMade = "not-made"
  }

  /// One place of a map.
  public struct Cell: Hashable, Codable, Sendable {
    /// What becomes of it there.
    public let outcome: Outcome
    /// The step that it explodes in, or the nearest that was trained does; nil where it does not.
    public let step: Int?
    /// Whether it was trained; otherwise all around it, which were, came out the same.
    public let isTrained: Bool
  }

  /// Where a row's trainings begin to explode, along the other axis.
  public struct Edge: Hashable, Codable, Sendable {
    /// Half way between the first two neighbours of which one explodes; nil where none does, or all
    /// do.
    public let measured: Double?
    /// Where forty steps begin to explode; nil where they do nowhere on the axis, or everywhere.
    public let forecast: Double?
  }

  /// The setting to the right.
  public let x: MapAxis
  /// The setting upwards.
  public let y: MapAxis
  /// A row for each value of y, from the lower end; in it a cell for each of x.
  public let cells: [[Cell]]
  /// A row's edge, for each value of y.
  public let edges: [Edge]
  /// How many cells were trained.
  public let trained: Int
  /// Steps that it took, the forecasts' included.
  public let steps: Int
}

// What is not there is null, and not left out.

extension StabilityMap.Cell {
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(outcome, forKey: .outcome)
    try container.encode(step, forKey: .step)
    try container.encode(isTrained, forKey: .isTrained)
  }
}

extension StabilityMap.Edge {
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(measured, forKey: .measured)
    try container.encode(forecast, forKey: .forecast)
  }
}

extension StabilityMap {
  /// Whether a forecast has an edge in any row.
  package var isForecast: Bool { edges.contains { $0.forecast != nil } }

  /// The median distance between the two edges of a row: in decades of a logarithmic axis, else as
  /// a share of it; nil where no row has both.
  public var edgeDistance: Double? {
    let distances = edges.compactMap { edge -> Double? in
      guard let measured = edge.measured, let forecast = edge.forecast else { return nil }
      return x.distance(measured, forecast)
    }.sorted()
    return distances.isEmpty ? nil : distances[distances.count / 2]
  }

  /// The edge along x that a row of cells shows.
  static func measuredEdge(_ row: [Cell], along axis: MapAxis) -> Double? {
    let made = row.indices.filter { row[$0].outcome != .notMade }
    let change = zip(made, made.dropFirst()).first {
      (row[$0].outcome == .exploding) != (row[$1].outcome == .exploding)
    }
    guard let change else { return nil }
    let (low, high) = (axis.values[change.0], axis.values[change.1])
    return axis.scale == .linear ? (low + high) / 2 : (low * high).squareRoot()
  }
}
