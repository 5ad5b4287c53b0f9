import KeelAuthoring
import KeelBenchmarks

/// What a system said of one case with one seed, and what that cost.
struct Answer: Encodable {
  /// Nil for a system that does not say.
  var saysExploding: Bool?
  var cause: String?
  /// Nil for a system that mends nothing.
  var isCured: Bool?
  var score: Double?
  /// In trainings, as Keel counts its own.
  let cost: Double
}
