import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings

// What the program of an engine keeps to itself: it stands in a recipe, and in no catalogue.

/// Rows that the engine's program reads.
struct OwnData: Dataset {
  static let name = "own"
  static let summary = "the rows of the engine's program"

  func load(from folder: String, seed: UInt64) throws -> DataSplit {
    throw Own.error("data")
  }
}

/// The network that the engine's program builds.
struct OwnModel: Layer {
  static let name = "own"
  static let summary = "the network of the engine's program"

  func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    throw Own.error("model")
  }
}

/// Weights that begin as the engine's program has them.
struct OwnInitializer: Initializer {
  static let name = "own"
  static let summary = "as the engine's program has it"

  func fill(_ values: UnsafeMutableBufferPointer<Float>, fan: Fan, random: inout Random) {}
  func std(_ fan: Fan) -> Double { .nan }
}

/// The loss of the engine's program.
struct OwnLoss: Loss {
  static let name = "own"
  static let summary = "the loss of the engine's program"

  func sum(_ batch: LossBatch, scale: Float) -> LossSum { LossSum(sum: .nan, nonFinite: 0) }
  func constantLoss(_ targets: [Float], columns: Int) -> Double { .nan }
  func constantLoss(counts: [Int], classes: Int) -> Double { .nan }
}

/// An optimizer that Keel has none of: it is taken for one of Adam's kind.
struct OwnOptimizer: Optimizer {
  static let name = "own"
  static let summary = "the optimizer of the engine's program"
  static let fields: [Field<OwnOptimizer>] = [
    .init("learning-rate", \.learningRate, .nonNegative, "size of a step"),
    .init("momentum", \.momentum, .share, "share of the last step that is kept"),
    .init("weight-decay", \.weightDecay, .nonNegative, "share of a weight lost per unit of rate"),
  ]
  static let retentions = ["momentum": Retention(reference: 0.9, usual: 0...0.95)]
  var learningRate = 0.001
  var momentum = 0.0
  var weightDecay = 0.0

  var initialSlots: KeyValuePairs<String, Float> { [:] }
  func update(_ tensor: Update) -> UpdateMeasure { preconditionFailure("an engine updates") }
}

/// How the engine's program moves the rate: factors on it, spread evenly over the run.
struct OwnSchedule: Schedule {
  static let name = "own"
  static let summary = "the schedule of the engine's program"
  var factors: [Double] = []

  func learningRate(_ base: Double, at step: Int, of total: Int) -> Double {
    guard let last = factors.indices.last else { return base }
    let place = Double(last) * Double(step) / Double(max(1, total - 1))
    return base * factors[min(last, Int(place.rounded()))]
  }
}

enum Own {
  static func error(_ place: String) -> KeelError {
    KeelError(
      .invalid, at: place, "belongs to the program of an engine",
      fix: "train it there; Keel diagnoses and cures it with --engine")
  }
}
