import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings

/// A run as it stood before a step: the network, and all it takes to go on as if nothing had been.
///
/// It holds what a snapshot holds, the trace, which everything else is a function of, and what
/// healing has done so far. Gone on from with the same kernels, a run is bit for bit the one that
/// never stopped. `CheckpointFile` writes and reads it.
public struct Checkpoint: Sendable {
  /// The network, and the recipe in effect.
  public let network: NeuralNetwork
  /// Nil for a network alone, which can predict but not go on.
  package let progress: Progress?
  /// What the optimizer remembers and the trace's series; see `tensors`.
  let series: [Tensor]

  /// Everything but tensors that a run consists of.
  package struct Progress: Hashable, Codable, Sendable {
    /// The next step.
    var step: Int
    var updates: Int
    var tally: Tally
    /// What the run began with.
    var start: Recipe
    /// Of the rows it was trained on.
    var data: String
    /// Steps whose batches are passed over.
    var skipped: [Int]
    /// Rows that are left out of every batch.
    var excluded: [Int32]
    var recoveries: [Training.Recovery]
    var events: [Trace.Event]
    /// The probes whose numbers they are; nil for the standard ones.
    var probes: [String]?
    /// Steps between two rows of measures.
    var stride: Int
    /// Rows of measures.
    var rows: Int

    /// The probes' names, in the order of their numbers.
    var probeNames: [String] { probes ?? ProbeCatalog.standard.names }

    /// Holds every number against what a run could have come to; how many steps there are is for
    /// the series to say.
    /// - Throws: `KeelError` with the field.
    package func check() throws {
      func refuse(_ field: String, _ value: some Any) -> KeelError {
        KeelError(
          .invalid, at: "progress.\(field)", "\(value) is no number that a training comes to",
          fix: "use a file as it was written by 'keel train --save'")
      }
      func isAscending<Value: Comparable>(_ values: [Value]) -> Bool {
        zip(values, values.dropFirst()).allSatisfy { $0 < $1 }
      }
      let steps = 0...max(0, step)
      guard step >= 0 else { throw refuse("step", step) }
      guard steps.contains(updates) else { throw refuse("updates", updates) }
      guard steps.contains(tally.vanishing) else {
        throw refuse("tally.vanishing", tally.vanishing)
      }
      guard steps.contains(tally.consecutiveSkips) else {
        throw refuse("tally.consecutiveSkips", tally.consecutiveSkips)
      }
      guard (1...(1 << 40)).contains(stride) else { throw refuse("stride", stride) }
      guard steps.contains(rows) else { throw refuse("rows", rows) }
      guard skipped.allSatisfy({ $0 >= 0 }), isAscending(skipped) else {
        throw refuse("skipped", skipped)
      }
      guard excluded.allSatisfy({ $0 >= 0 }), isAscending(excluded) else {
        throw refuse("excluded", excluded)
      }
      // A recovery stays in the trace of a run that went back to before it.
      let wrong = events.first { $0.step < 0 || ($0.kind != .recovery && $0.step > step) }
      if let event = wrong {
        throw refuse("events", event.step)
      }
      if let recovery = recoveries.first(where: { $0.step < 0 || $0.rewoundTo < 0 }) {
        throw refuse("recoveries", recovery.step)
      }
    }
  }

  /// A network alone, without its training.
  public init(_ network: NeuralNetwork) { self.init(network, nil, series: []) }

  private init(_ network: NeuralNetwork, _ progress: Progress?, series: [Tensor]) {
    (self.network, self.progress, self.series) = (network, progress, series)
  }

  /// The next step; nil for a network alone.
  public var step: Int? { progress?.step }

  /// What the run began with; `network.recipe` is the one in effect.
  public var start: Recipe { progress?.start ?? network.recipe }

  /// The explosions that the run had come back from; empty for a network alone.
  public var recoveries: [Training.Recovery] { progress?.recoveries ?? [] }

  /// All numbers by name: parameters and layer statistics as in `network`, what the optimizer
  /// remembers of them (`adam.first-moment/dense-1.weight`), and the trace (`trace.loss`).
  package var tensors: [Tensor] { network.tensors + series }

  /// Whether a tensor is not the network's but the training's.
  package static func isSeries(_ name: String) -> Bool {
    name.contains("/") || name.hasPrefix("trace.")
  }

  /// Puts together what was read.
  /// - Throws: `KeelError` that names each tensor that is missing, of another shape, or unknown.
  package init(_ network: NeuralNetwork, _ progress: Progress, tensors: [Tensor]) throws {
    let places = try Self.places(network, progress)
    let series = try places.matched(
      with: tensors, in: "its training", fix: "use a file as it was written by 'keel train --save'")
    try Self.check(Trace.Series(series))
    self.init(network, progress, series: series)
  }

  /// A step that was taken had a loss, and norms that are lengths.
  private static func check(_ trace: Trace.Series) throws {
    for step in trace.losses.indices where !trace.clippedNorms[step].isNaN {
      let norms = [trace.gradientNorms[step], trace.clippedNorms[step]]
      guard trace.losses[step].isFinite, norms.allSatisfy({ $0 >= 0 }) else {
        throw KeelError(
          .invalid, at: "trace", "holds a number at step \(step) that no step of a training has",
          fix: "use a file as it was written by 'keel train --save'")
      }
    }
  }

  /// What `series` consists of, in its order.
  private static func places(_ network: NeuralNetwork, _ progress: Progress) throws -> [TensorPlace]
  {
    let plan = try network.recipe.plan(row: network.input, capacity: 1)
    try progress.check()
    let nowhere = plan.parameters[0].buffer
    return plan.slotTensors(of: network.recipe.optimizer)
      + Trace.seriesNames.map { .init(name: $0, shape: Shape(progress.step), buffer: nowhere) } + [
        .init(
          name: Trace.measuresName,
          shape: Shape(progress.rows, progress.probeNames.count, plan.layers.count),
          buffer: nowhere)
      ]
  }
}

extension Plan {
  /// What an optimizer remembers of each parameter.
  func slotTensors(of optimizer: Choice<Optimizers>) -> [TensorPlace] {
    optimizer.member.initialSlots.enumerated().flatMap { index, slot in
      parameters.map {
        TensorPlace(
          name: "\(optimizer.name).\(slot.key)/\($0.name)", shape: $0.shape,
          buffer: self.slot(index, of: $0))
      }
    }
  }
}

extension TensorPlace {
  /// - Parameter base: where the arena begins, or a copy of its lasting part.
  func tensor(in base: UnsafePointer<Float>, _ plan: Plan) -> Tensor {
    let values = UnsafeBufferPointer(start: base + plan.place(of: buffer), count: buffer.count)
    return Tensor(name: name, shape: shape, values: Array(values))
  }
}
