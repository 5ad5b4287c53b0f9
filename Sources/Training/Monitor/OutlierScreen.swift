import KeelEngine

/// Which finite steps are skipped where a recipe skips bad ones: those whose batch, and not whose
/// parameters, made the gradient large.
///
/// **Definition** A gradient norm is rejected if it scores above `limit` against the window of
/// accepted norms and is more than `factor` times their median; it is then not admitted. Sixteen
/// rejected in a row, with the same parameters on sixteen batches, are the new usual: the window
/// begins anew with them, and the step is taken. Nothing here allocates after `init`.
///
/// Before the first step the window holds the norms of the first batches with the initial
/// parameters, so that an outlier in the first steps is seen as well.
///
/// **References** Iglewicz and Hoaglin, *How to detect and handle outliers*, 1993: a limit of 3.5
/// for scores by median and MAD.
package struct OutlierScreen {
  /// At the reference point no batch explodes whose gradient is less than this many times the
  /// usual; gradients of healthy runs grow by less between one step and the next
  /// (`OutlierScreenTests`).
  package static let factor = 10.0
  /// In robust deviations of the logarithm.
  ///
  /// Norms that fall by decades within a window widen it: with a limit of 10 one a million times
  /// the usual was let through.
  package static let limit = 3.5

  private var window: Window
  /// Rejected since the last accepted.
  private var rejected: [Double] = []
  private let opening: [Double]

  /// - Parameter opening: norms that the run begins with.
  package init(opening: [Double]) {
    self.opening = opening
    window = Window()
    rejected.reserveCapacity(Window.least)
    reset()
  }

  package mutating func reset() {
    window.removeAll()
    rejected.removeAll(keepingCapacity: true)
    for norm in opening { window.admit(norm) }
  }

  /// Looks at the finite norm of a step, as the trace keeps it.
  /// - Returns: whether the step is to be skipped.
  package mutating func rejects(_ norm: Double) -> Bool {
    guard norm > Self.factor * window.median, window.score(norm) > Self.limit else {
      accept(norm)
      return false
    }
    rejected.append(norm)
    guard rejected.count >= Window.least else { return true }
    window.removeAll()
    for norm in rejected { window.admit(norm) }
    rejected.removeAll(keepingCapacity: true)
    return false
  }

  private mutating func accept(_ norm: Double) {
    window.admit(norm)
    rejected.removeAll(keepingCapacity: true)
  }
}

extension OutlierScreen {
  /// A screen that begins with the gradient norms of the first batches with the parameters as they
  /// are; nothing is changed by it.
  /// - Parameters:
  ///   - total: the steps of the run.
  ///   - load: brings the batch of a step to memory.
  package init(_ trainingStep: TrainingStep, total: Int, load: (Int) -> Pass) {
    self.init(
      opening: (0..<min(Window.least, total)).compactMap { step in
        let pass = load(step)
        guard trainingStep.forward(pass).isFinite, trainingStep.backward(pass) else { return nil }
        return Double(Float(trainingStep.gradients.globalNorm))
      })
  }
}
