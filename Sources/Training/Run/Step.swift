extension Run {
  /// One step, for whoever watches.
  public struct Step: Sendable {
    /// Counts from 0.
    public let index: Int
    /// Steps in the whole run.
    public let total: Int
    /// The mean data loss of the batch.
    public let loss: Double
    /// The rate that the step was taken with: the recipe's, after its schedule.
    public let learningRate: Double
    /// The norm of all gradients before clipping; NaN where the step did not get there.
    public let gradientNorm: Double
    /// The norm of all gradients after clipping; NaN where the step was skipped.
    public let clippedNorm: Double

    /// What is worth a word in this step; and a recovery that has held until here.
    public let events: [Trace.Event]

    /// What was measured in each layer; nothing where the step changed no weights.
    public let layers: Layers

    /// The layers of a step, by name: `step.layers["dense-1"]`.
    public struct Layers: Sendable {
      /// In plan order; empty where the step changed no weights.
      public let names: [String]
      /// The same where the step changed none; empty where nobody measures layers.
      package let measured: [String]
      let sums: [LayerSums.Sums]

      /// The norms of a layer; nil where there is none of that name, or nothing was measured.
      public subscript(name: String) -> LayerMeasures? {
        names.firstIndex(of: name).map { LayerMeasures(sums[$0]) }
      }

      /// The layers in plan order, each with its norms.
      public var all: [(name: String, measures: LayerMeasures)] {
        zip(names, sums).map { ($0, LayerMeasures($1)) }
      }

      /// Those of the layers in `measured`; nil where the step changed no weights.
      package var sumsOfStep: [LayerSums.Sums]? { names.isEmpty ? nil : sums }
    }

    /// - Parameter layers: nil where they were not measured.
    package init(_ trace: Trace, _ layers: LayerSums?, total: Int) {
      let names = layers == nil ? [] : trace.layers
      self.init(
        trace, at: trace.count - 1, trace.newestEvents, total: total,
        Layers(
          names: trace.wasSkipped(trace.count - 1) ? [] : names, measured: names,
          sums: layers?.sums ?? []))
    }

    /// A step that somebody else took, or that is told again.
    /// - Parameters:
    ///   - step: its place in the trace; nil for the newest.
    ///   - events: what is worth a word in it; nil for the newest's.
    ///   - tellsLayers: whether layers are told at all.
    ///   - measures: what was told of them in this step; empty where it was nothing.
    package init(
      _ trace: Trace, at step: Int? = nil, _ events: [Trace.Event]? = nil, tellsLayers: Bool,
      _ measures: [String: LayerMeasures], total: Int
    ) {
      self.init(
        trace, at: step ?? trace.count - 1, events ?? trace.newestEvents, total: total,
        Layers(
          names: measures.isEmpty ? [] : trace.layers, measured: tellsLayers ? trace.layers : [],
          sums: trace.layers.map { measures[$0].map(LayerSums.Sums.init) ?? .unknown }))
    }

    private init(
      _ trace: Trace, at step: Int, _ events: [Trace.Event], total: Int, _ layers: Layers
    ) {
      index = step
      (self.total, self.layers, self.events) = (total, layers, events)
      loss = Double(trace.losses[index])
      learningRate = Double(trace.learningRates[index])
      gradientNorm = Double(trace.gradientNorms[index])
      clippedNorm = Double(trace.clippedNorms[index])
    }
  }
}
