/// What is counted over the steps of a run.
struct Tally: Hashable, Codable, Sendable {
  /// How many updates the optimizer has made; kept beside the others in a checkpoint.
  var updates = 0
  /// Steps whose whole gradient is exactly zero, or whose first layer has less than 1e-3 of the
  /// last's.
  var vanishing = 0
  /// Steps skipped since the last good one.
  var consecutiveSkips = 0

  enum CodingKeys: String, CodingKey {
    case vanishing, consecutiveSkips
  }
}
