import KeelData
import KeelEngine
import KeelNetworks
import KeelSettings

// What the program of an engine keeps to itself: it stands in a recipe, and in no catalogue.

/// Rows that the engine's program reads.
package struct OwnData: Dataset {
  package static let name = "own"
  package static let summary = "the rows of the engine's program"

  package func load(from folder: String, seed: UInt64) throws -> DataSplit {
    throw Own.error("data")
  }

  package init() {}
}

/// The network that the engine's program builds, and what its operations are asked for.
package struct OwnModel: Layer {
  package static let name = "own"
  package static let summary = "the network of the engine's program"
  package static let fields: [Field<OwnModel>] = [
    .init("precision", \.precision, "the numbers it calculates with"),
    .init("exponents", \.exponents, "what an exponential makes of a large argument"),
    .init("attention-logits", \.attentionLogits, "how large the scores of attention may be"),
    .init("normalization", \.normalization, "what is normalised between its layers"),
    .init("domains", \.domains, "what roots and logarithms make of zero"),
  ]

  /// The numbers that operations calculate with.
  package enum Precision: String, Keyword { case float32, bfloat16, float16 }
  /// Whether what the program calculates is kept within bounds.
  package enum Bound: String, Keyword { case own, bounded }

  /// What is normalised of what a layer passes on: as the program has it, or each row.
  package enum Normalization: String, Keyword { case own, layer }

  package var precision = Precision.float32
  package var exponents = Bound.own
  package var attentionLogits = Bound.own
  package var domains = Bound.own
  package var normalization = Normalization.own

  package init() {}

  package func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    throw Own.error("model")
  }
}

/// Weights that begin as the engine's program has them.
package struct OwnInitializer: Initializer {
  package static let name = "own"
  package static let summary = "as the engine's program has it"

  package func fill(_ values: UnsafeMutableBufferPointer<Float>, fan: Fan, random: inout Random) {}
  package func std(_ fan: Fan) -> Double { .nan }

  package init() {}
}

/// The loss of the engine's program, and what is made of it.
package struct OwnLoss: Loss {
  package static let name = "own"
  package static let summary = "the loss of the engine's program"
  package static let fields: [Field<OwnLoss>] = [
    .init("reduction", \.reduction, "what becomes of the rows of a batch"),
    .init("empty-means", \.emptyMeans, "what a mean of nothing is"),
    .init("scale", \.scale, "a factor for the backward pass, taken out of the gradients again"),
  ]

  /// What becomes of the losses of rows.
  package enum Reduction: String, Keyword { case mean, sum }
  /// What a mean of nothing, 0/0, is: as the program has it, or zero.
  package enum EmptyMeans: String, Keyword { case own, zero }
  /// A factor on the loss for the backward pass; `dynamic` as large as gradients bear.
  package enum Scale: String, Keyword { case none, dynamic }

  package var reduction = Reduction.mean
  package var emptyMeans = EmptyMeans.own
  package var scale = Scale.none

  package init() {}

  package func sum(_ batch: LossBatch, scale: Float) -> LossSum { LossSum(sum: .nan, nonFinite: 0) }
  package func constantLoss(_ targets: [Float], columns: Int) -> Double { .nan }
  package func constantLoss(counts: [Int], classes: Int) -> Double { .nan }
}

/// An optimizer that Keel has none of: it is taken for one of Adam's kind.
package struct OwnOptimizer: Optimizer {
  package static let name = "own"
  package static let summary = "the optimizer of the engine's program"
  package static let fields: [Field<OwnOptimizer>] = [
    .init("learning-rate", \.learningRate, .nonNegative, "size of a step"),
    .init("momentum", \.momentum, .share, "share of the last step that is kept"),
    .init("weight-decay", \.weightDecay, .nonNegative, "share of a weight lost per unit of rate"),
  ]
  package static let retentions = ["momentum": Retention(reference: 0.9, usual: 0...0.95)]
  package var learningRate = 0.001
  package var momentum = 0.0
  package var weightDecay = 0.0

  package var initialSlots: KeyValuePairs<String, Float> { [:] }
  package func update(_ tensor: Update) -> UpdateMeasure {
    preconditionFailure("an engine updates")
  }

  package init() {}
}

/// How the engine's program moves the rate: factors on it, spread evenly over the run.
package struct OwnSchedule: Schedule {
  package static let name = "own"
  package static let summary = "the schedule of the engine's program"
  package var factors: [Double] = []

  package func learningRate(_ base: Double, at step: Int, of total: Int) -> Double {
    guard let last = factors.indices.last else { return base }
    let place = Double(last) * Double(step) / Double(max(1, total - 1))
    return base * factors[min(last, Int(place.rounded()))]
  }

  package init() {}
}

enum Own {
  static func error(_ place: String) -> KeelError {
    KeelError(
      .invalid, at: place, "belongs to the program of an engine",
      fix: "train it there; Keel diagnoses and cures it with --engine")
  }
}

extension Catalog {
  /// What a recipe of Keel's may name, and what stands in that of an engine's program.
  package static let ofEngines: Catalog =
    .standard + [
      OwnData.self, OwnModel.self, OwnInitializer.self, OwnLoss.self, OwnOptimizer.self,
      OwnSchedule.self,
    ]
}

extension Recipe {
  /// The network of an engine's program; nil where it is Keel's own.
  package var ownModel: OwnModel? { model.first?.ingredient as? OwnModel }

  /// The loss of an engine's program; nil where it is Keel's own.
  package var ownLoss: OwnLoss? { loss.ingredient as? OwnLoss }

  /// The recipe with another setting of its program's network.
  package func settingOwnModel(_ change: (inout OwnModel) -> Void) -> Recipe? {
    guard var own = ownModel else { return nil }
    change(&own)
    var recipe = self
    recipe.model[0] = Choice(own)
    return recipe
  }

  /// The recipe with another setting of its program's loss.
  package func settingOwnLoss(_ change: (inout OwnLoss) -> Void) -> Recipe? {
    guard var own = ownLoss else { return nil }
    change(&own)
    var recipe = self
    recipe.loss = Choice(own)
    return recipe
  }
}
