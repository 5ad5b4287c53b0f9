/// Watches whether the loss left and does not come back.
///
/// The loss averaged over the latest ⌈256/batch⌉ steps is held against `edge` = 5·max(B, L₀). Above
/// 1e4·max(B, L₀), or above the edge for max(50 steps, 5 % of the run), it is a divergence; before
/// that an alarm. (A catapult passes the edge and comes back.)
package struct Divergence {
  /// Steps in the average.
  package let width: Int
  /// Steps above the edge that are borne.
  package let patience: Int
  /// Times max(B, L₀): above, nothing is waited for.
  package static let limit = 1e4
  private let scale: Double
  private let floor: Double
  /// The step of the first passing, ever.
  package private(set) var firstPassed: Int?
  /// Since when the average has been above the edge, if it is.
  package private(set) var above: Int?

  /// - Parameters:
  ///   - scale: max(B, L₀); see `Baseline`.
  ///   - floor: what losses are measured from.
  package init(scale: Double, from floor: Double = 0, batch: Int, total: Int) {
    width = min((256 + batch - 1) / batch, max(1, total))
    patience = max(50, total / 20)
    (self.scale, self.floor) = (scale, floor)
  }

  package enum Finding: Equatable {
    case none
    /// The average has just passed the edge.
    case alarm
    case divergence
  }

  /// Looks at the losses up to and with that of `step`.
  /// - Parameter isSkipped: whether a step changed nothing; it does not count.
  package mutating func look(
    at losses: [Float], step: Int, without isSkipped: (Int) -> Bool = { _ in false }
  ) -> Finding {
    guard step + 1 >= width, scale.isFinite, scale > 0 else { return .none }
    // Only skipped steps leave a non-finite loss behind; none of them may blind the average.
    var (sum, finite) = (0.0, 0)
    for index in step + 1 - width...step where losses[index].isFinite && !isSkipped(index) {
      sum += Double(losses[index])
      finite += 1
    }
    guard finite > 0 else { return .none }
    let mean = sum / Double(finite) - floor
    // As far below: a loss without a floor that has run away.
    if mean < -Self.limit * scale {
      (firstPassed, above) = (firstPassed ?? step, above ?? step)
      return .divergence
    }
    guard mean > 5 * scale else {
      above = nil
      return .none
    }
    let isNew = above == nil
    let passed = above ?? step
    above = passed
    firstPassed = firstPassed ?? step
    if mean > Self.limit * scale || step - passed >= patience { return .divergence }
    return isNew ? .alarm : .none
  }
}
