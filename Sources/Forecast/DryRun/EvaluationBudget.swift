/// Counts what a forecast costs, in gradient evaluations.
///
/// One is a forward and a backward pass over a batch, or over as many rows as 128 where the batch
/// is smaller; a forward pass alone is a third of it.
package struct EvaluationBudget: Hashable, Sendable {
  /// 300 evaluations, or 5 % of one training.
  package let limit: Double
  package private(set) var spent = 0.0
  /// Rows that count as one.
  private let unit: Int

  package init(trainingSteps: Int, batch: Int) {
    limit = max(300, 0.05 * Double(trainingSteps))
    unit = max(batch, 128)
  }

  package var left: Double { limit - spent }

  mutating func countGradient(rows: Int) { spent += cost(rows: rows) }
  mutating func countForward(rows: Int) { spent += cost(rows: rows) / 3 }

  func cost(rows: Int) -> Double { max(1, Double(rows) / Double(unit)) }
}
