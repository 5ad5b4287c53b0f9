// Which rows of a batch are unlike all others.

extension Trainer {
  /// Rows of other batches that those of one are held against.
  private static let witnesses = 64
  /// A row is an outlier above this many times the loss that nine of ten witnesses stay below.
  ///
  /// Whether leaving it out helps is for an attempt to show; this only keeps ordinary rows in.
  private static let outlier = 100.0

  /// Rows of a step whose loss, alone and as the network stands now, is not finite, or far above
  /// that of the rows of the steps around it; of those the worst, and what comes near to them.
  ///
  /// The batch in memory is lost; parameters and statistics stay as they are.
  package func outliers(inBatchOf step: Int) -> [Int32] {
    guard let usual = witnessLosses(around: step).quantile(9, of: 10) else { return [] }
    let limit = Self.outlier * usual
    let losses = batches.withRows(at: step) { Array($0) }.map { ($0, loss(ofRow: $0)) }
    let far = losses.filter { $0.1 > limit }
    let worst = far.map(\.1).max() ?? 0
    return far.filter { $0.1 >= worst / Self.outlier }.map(\.0)
  }

  private func witnessLosses(around step: Int) -> [Double] {
    var losses: [Double] = []
    for distance in 1..<max(2, batches.stepsPerEpoch) {
      for other in [step - distance, step + distance] where (0..<batches.total).contains(other) {
        let rows = batches.withRows(at: other) { Array($0) }
        losses += rows.prefix(Self.witnesses - losses.count).map { loss(ofRow: $0) }
      }
      if losses.count >= Self.witnesses { break }
    }
    return losses
  }

  /// Infinite where it is not a number.
  private func loss(ofRow row: Int32) -> Double {
    withUnsafePointer(to: row) {
      data.train.gather(.init(start: $0, count: 1), trainingStep.plan, trainingStep.memory)
    }
    let (loss, isFinite) = trainingStep.forward(
      trainingStep.pass(rows: 1, mode: .evaluation, position: 0))
    return isFinite ? loss : .infinity
  }
}
