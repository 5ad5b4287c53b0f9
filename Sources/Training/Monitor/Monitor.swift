/// Watches the good steps of a run: what is usual, what leaves, what never arrives.
///
/// A function of the trace and the baseline: told again from the trace after a run has gone back.
package struct Monitor {
  /// What the loss is held against.
  package let baseline: Baseline
  private let batch: Int
  private let total: Int
  private var window = Window()
  package private(set) var divergence: Divergence
  /// Whether no gradient reached the first layer in the last step that was taken.
  package private(set) var isWithoutGradient = false

  /// A gradient norm this many robust deviations above the window is a surge.
  ///
  /// On the 45 healthy runs of the shared cases and the tests' recipes nothing but real spikes (× 4
  /// and more) reaches it.
  package static let surge = 10.0

  init(_ baseline: Baseline, _ batches: Batches) {
    (self.baseline, batch, total) = (baseline, batches.size, batches.total)
    divergence = Divergence(scale: baseline.scale, batch: batch, total: total)
  }

  /// Looks at the newest step of a trace.
  /// - Returns: how far its gradient norm is above the usual, where that is a surge, and whether
  ///   the loss has left.
  mutating func look(
    at trace: Trace, _ layers: LayerSums
  ) -> (surge: Double?, loss: Divergence.Finding) {
    // As the trace keeps it, so that a rewound run sees the same.
    let step = trace.count - 1
    let norm = Double(trace.gradientNorms[step])
    isWithoutGradient = norm == 0 || layers.isFirstWithoutGradient
    let score = window.score(norm)
    window.admit(norm)
    return (score > Self.surge ? score : nil, lookAtLoss(of: trace))
  }

  /// Whether the loss has left by the newest step of a trace: of the steps that were taken, whether
  /// or not that one was.
  mutating func lookAtLoss(of trace: Trace) -> Divergence.Finding {
    divergence.look(at: trace.losses, step: trace.count - 1, without: trace.wasSkipped)
  }

  /// The steps of a trace, and nothing else.
  package mutating func recall(_ trace: Trace) {
    window = Window()
    divergence = Divergence(scale: baseline.scale, batch: batch, total: total)
    for step in 0..<trace.count {
      if !trace.wasSkipped(step) { window.admit(Double(trace.gradientNorms[step])) }
      _ = divergence.look(at: trace.losses, step: step, without: trace.wasSkipped)
    }
  }
}
