import Foundation
import KeelEngine
import KeelTraining

/// How a training sets out: what the strength of a remedy is taken from.
package struct InitialDynamics: Hashable, Sendable {
  /// The norm of the first batch's gradient; nil where it is not finite.
  package let gradientNorm: Double?
  /// The largest learning rate seen to hold for forty steps; nil where none was.
  package let rate: Double?
  /// Gradient evaluations it took.
  package let evaluations: Int

  /// An edge within ×1.8 is near enough for rates that are half a decade apart.
  private static let resolution = 1.8
  /// Evaluations it may take: three dry runs.
  private static let budget = 3.0 * Double(DryRun.length)

  /// - Throws: `KeelError` where the recipe cannot be trained; `CancellationError`.
  package init(_ problem: Problem) throws {
    let virtualTrainer = try VirtualTrainer(problem, keepsSnapshots: false)
    var search = EdgeSearch()
    gradientNorm = virtualTrainer.firstGradientNorm()
    if gradientNorm != nil, virtualTrainer.initialLoss.isFinite {
      try search.run(
        guess: virtualTrainer.firstUpdateEdge() ?? 1, range: EdgeSearch.range, stride: 3,
        resolution: Self.resolution,
        isAffordable: { virtualTrainer.evaluationBudget.spent < Self.budget },
        holds: { factor in
          try Task.checkCancellation()
          return virtualTrainer.probe(.init(rate: factor), steps: DryRun.length).learns
        })
    }
    rate = search.holding.map { $0 * problem.recipe.optimizer.member.learningRate }
    evaluations = Int(virtualTrainer.evaluationBudget.spent.rounded(.up))
  }
}

extension VirtualTrainer {
  fileprivate func firstGradientNorm() -> Double? {
    reset()
    let pass = load(step: 0)
    evaluationBudget.countGradient(rows: pass.rows)
    guard trainingStep.forward(pass).isFinite, trainingStep.backward(pass) else { return nil }
    let norm = trainingStep.gradients.globalNorm
    return norm.isFinite && norm > 0 ? norm : nil
  }
}
