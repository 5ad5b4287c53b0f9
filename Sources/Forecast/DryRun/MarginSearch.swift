import Foundation

/// The three searches, each within its share of what is left of the budget.
struct MarginSearch {
  let virtualTrainer: VirtualTrainer
  let dryRun: DryRun
  let isExploding: Bool
  /// Layers with a weight: the sharpness goes with about twice as many powers of their scale.
  let depth: Int
  let gradientGrowth: Double
  let sharpness: Sharpness?

  /// The learning rate's search; it holds the largest rate that was seen to hold.
  func learningRate() throws -> EdgeSearch {
    let holdsNow = !isExploding && dryRun.endingLoss < dryRun.startingLoss
    var search = EdgeSearch(holding: holdsNow ? 1 : nil, failing: holdsNow ? nil : 1)
    // Without a finite start no rate helps, nor where step 0 did not get as far as its update.
    let isLostBefore = dryRun.explosion.map { $0.step == 0 && $0.pass != .update } ?? false
    guard dryRun.startingLoss.isFinite, !isLostBefore else { return search }
    let guess = virtualTrainer.firstUpdateEdge() ?? sharpness?.margin ?? 1
    try run(
      &search, guess: guess, range: EdgeSearch.range, stride: 1.6, share: 0.6,
      steps: DryRun.length
    ) {
      virtualTrainer.probe(.init(rate: $0), steps: DryRun.length).learns
    }
    return search
  }

  private var stays: EdgeSearch {
    let scale = max(virtualTrainer.trainer.baseline.constant, dryRun.startingLoss)
    let holdsNow = !isExploding && dryRun.endingLoss <= 2 * scale
    return EdgeSearch(holding: holdsNow ? 1 : nil, failing: holdsNow ? nil : 1)
  }

  func initialization(rateMargin: Double?) throws -> EdgeSearch {
    var search = stays
    // The sharpness, and with it the edge of the rate, goes with about this power of the weights.
    let powers = 2 * Double(max(1, depth - 1))
    let byRate = rateMargin.map { pow($0, 1 / powers) } ?? 0.5
    // Where gradients grow, the scale at which they would not.
    let byGrowth = pow(10, -max(0, gradientGrowth) / Double(max(1, depth - 1)))
    let guess = isExploding ? min(byRate, byGrowth.isFinite ? byGrowth : 1) : byRate
    try run(&search, guess: guess, stride: pow(10, 1 / powers), share: 0.5) {
      virtualTrainer.probe(.init(weights: $0), steps: DryRun.length / 2).stays
    }
    return search
  }

  func data(rateMargin: Double?) throws -> EdgeSearch {
    var search = stays
    // The sharpness goes with the square of the inputs.
    let guess = rateMargin.map { $0.squareRoot() } ?? 0.5
    try run(&search, guess: guess, stride: 1.6, share: 1) {
      virtualTrainer.probe(.init(inputs: $0), steps: DryRun.length / 2).stays
    }
    return search
  }

  /// - Parameter share: of what is left of the budget.
  private func run(
    _ search: inout EdgeSearch, guess: Double, range: ClosedRange<Double> = 1e-4...1e4,
    stride: Double, share: Double, steps: Int = DryRun.length / 2, holds: (Double) -> Bool
  ) throws {
    let floor = virtualTrainer.evaluationBudget.left * (1 - share)
    let cost = Double(min(steps, virtualTrainer.total) + 3)
    try search.run(
      guess: guess, range: range, stride: stride, resolution: min(1.25, stride),
      isAffordable: { virtualTrainer.evaluationBudget.left > max(floor, cost) },
      holds: { factor in
        try Task.checkCancellation()
        return holds(factor)
      })
  }
}
