import Foundation
import KeelData
import KeelNetworks
import KeelRecipes
import KeelTraining

/// Puts a forecast together: theory, one measured batch, the dry run, sharpness, margins.
package struct Forecaster {
  private let recipe: Recipe
  private let scope: ForecastScope
  private let virtualTrainer: VirtualTrainer
  private let theory: Propagation
  private let inputLogSquare: Double

  package init(_ problem: Problem, _ scope: ForecastScope = .full) throws {
    recipe = problem.recipe
    self.scope = scope
    virtualTrainer = try VirtualTrainer(problem)
    let signal = virtualTrainer.sampleSignal()
    inputLogSquare = signal.logSquare
    theory = Propagation(
      recipe, input: virtualTrainer.plan.input.shape, signal: signal,
      batch: virtualTrainer.batchSize)
  }

  /// - Parameter observe: evaluations spent so far, and the most there may be.
  /// - Throws: `CancellationError`.
  package func run(_ observe: (Int, Int) -> Void = { _, _ in }) throws -> Forecast {
    func note() throws {
      observe(
        Int(virtualTrainer.evaluationBudget.spent), Int(virtualTrainer.evaluationBudget.limit))
      try Task.checkCancellation()
    }
    let measured = virtualTrainer.measurement()
    let growth = measured.gradientGrowth ?? theory.gradientGrowth ?? .nan
    try note()
    let (dryRun, judged) = try virtualTrainer.dryRun()
    virtualTrainer.trainer.forgetSnapshots()
    try note()
    let fate = self.fate(judged, dryRun)
    let isExploding = judged == .exploding || fate.passes != nil
    var sharpness: Sharpness?
    var searched = Searched()
    if scope == .full {
      sharpness = try virtualTrainer.sharpness()
      try note()
      let search = MarginSearch(
        virtualTrainer: virtualTrainer, dryRun: dryRun,
        // A row that explodes later says nothing of the rate.
        isExploding: isExploding && dryRun.outlierStep == nil,
        depth: measured.layers.count, gradientGrowth: growth, sharpness: sharpness)
      searched.learningRate = try search.learningRate()
      try note()
      searched.initialization = try search.initialization(rateMargin: searched.learningRate.edge)
      try note()
      if !hasScaledInputs {
        searched.data = try search.data(rateMargin: searched.learningRate.edge)
      }
      try note()
    }
    let current = recipe.optimizer.member.learningRate
    let limit = searched.learningRate.holding.map { $0 * current }
    let crossing =
      isExploding ? nil : crossing(searched.learningRate.holding, dryRun, judged)
    let isCrossing = crossing?.farBeyond != nil
    // A run that was seen whole needs no guess, nor one of hardly more steps.
    let isEndless =
      max(dryRun.steps + 1, 3 * DryRun.length) <= virtualTrainer.total && judged == .stable
      && !isExploding && !isCrossing
      && remembersAll
    let isNear = crossing != nil || scope == .full && limit.map { $0 < current } ?? true
    let prospect: Forecast.Prospect =
      isExploding
      ? .seen : isCrossing ? .farBeyond : isEndless ? .endless : isNear ? .near : .nothing
    return Forecast(
      recipe: recipe,
      verdict: isExploding || isCrossing || isEndless ? .exploding : judged,
      step: isExploding
        ? dryRun.explosion?.step ?? [fate.passes, dryRun.outlierStep].compactMap { $0 }.min()
          ?? dryRun.skippedSince ?? dryRun.steps
        : isCrossing ? crossing?.farBeyond : nil,
      probability: prospect.probability,
      stepsSeen: dryRun.steps, crossesLimitAt: crossing?.step, remembersAll: remembersAll,
      findings: [],
      gradientGrowth: growth,
      batchNormGrowth: theory.batchNorms?.growth, notes: theory.notes(growth: growth),
      learningRate: .init(current: current, limit: scope == .full ? limit : nil),
      margin: searched.margin, searched: searched,
      layers: layers(measured), diesAtStep: fate.dies, dryRun: dryRun, sharpness: sharpness,
      cost: .init(
        evaluations: virtualTrainer.evaluationBudget.spent.rounded(.up),
        limit: virtualTrainer.evaluationBudget.limit))
  }

  /// Where a schedule that grows carries the rate beyond the largest that holds, and where so far
  /// beyond that it will not be borne; nil where it does not.
  ///
  /// Of 60 trainings with growing schedules all 48 that exploded after step 40 are said so; two
  /// whose largest rate lies up to 2.3 times beyond the limit at their end train. Curvature gives
  /// way while the rate grows: 22 of seeds C exploded at 1.7 to 20 times the limit and more, 5
  /// times in the median.
  private func crossing(
    _ limit: Double?, _ dryRun: DryRun, _ judged: Forecast.Verdict
  ) -> (step: Int, farBeyond: Int?)? {
    let course = RateCourse(virtualTrainer.trainer.problem)
    // An edge may be twice off: where the dry run was borne, its rate counts as one that holds.
    let least = judged == .stable ? 0.5 : 1
    guard let limit, limit >= least, case let limit = max(limit, 1), course.largest > 1 + 1e-6,
      let step = course.firstStep(above: limit)
    else {
      return nil
    }
    // What was seen without an explosion needs no guess.
    return (step, course.firstStep(above: Forecast.farBeyond * limit, from: dryRun.steps))
  }

  /// Whether the momentum remembers more steps than the run has: gradients, and with them the noise
  /// of batches, add up and nothing takes them away.
  private var remembersAll: Bool {
    guard let optimizer = recipe.optimizer.ingredient as? SGD,
      let usual = SGD.retentions["momentum"]?.usual, optimizer.momentum > usual.upperBound
    else { return false }
    return (1 - optimizer.momentum) * Double(virtualTrainer.total) <= 1
  }

  /// Inputs that have no size of their own to search over.
  private var hasScaledInputs: Bool {
    recipe.standardize.includesInputs || recipe.vocabulary != nil
  }

  /// Measured where the pass was finite, theory's otherwise.
  private func layers(_ measured: Measurement) -> [Forecast.Layer] {
    let gains = theory.gains(inputLogSquare: inputLogSquare)
    return measured.layers.enumerated().map { index, layer in
      let gain = gains.count == measured.layers.count ? gains[index] : nil
      func either(_ value: Double, _ other: Double?) -> Double {
        value.isFinite && value != 0 ? value : other ?? value
      }
      return Forecast.Layer(
        name: layer.name, forwardGain: either(layer.forwardGain, gain?.forward),
        backwardGain: either(layer.backwardGain, gain?.backward),
        gradientNorm: layer.gradientNorm,
        theory: gain.map {
          .init(forwardGain: $0.forward, backwardGain: $0.backward, isExact: $0.isExact)
        }, recurrence: recurrence(layer))
    }
  }

  private func recurrence(_ layer: Measurement.Layer) -> Forecast.Layer.Recurrence? {
    guard
      let weight = virtualTrainer.plan.parameters.first(where: {
        $0.layer == layer.name && $0.isRecurrent
      })
    else { return nil }
    return .init(spectralNorm: recipe.spectralNorm(of: weight), timeGrowth: layer.timeGrowth)
  }

  /// When it passes the edge for good, and when float32 ends: by the dry run, by the exact
  /// curvature of a linear model, or by continuing the growth of the loss.
  private func fate(_ judged: Forecast.Verdict, _ dryRun: DryRun) -> LinearModel.Fate {
    if let step = dryRun.diesAtStep { return LinearModel.Fate(passes: nil, dies: step) }
    let edge = 5 * virtualTrainer.trainer.baseline.scale
    if let linear = LinearModel(virtualTrainer) {
      let fate = linear.fate(recipe, edge: edge, total: virtualTrainer.total, horizon: 100_000)
      let isWhole = virtualTrainer.stepsPerEpoch == 1
      // Single batches add to what the mean batch does: their growth, where it is seen, is faster.
      let dies = isWhole ? fate.dies : continued(dryRun, isSteady: true) ?? fate.dies
      let reached = linear.component(recipe, after: dryRun.steps, of: virtualTrainer.total)
      // A part of the loss is not more than the loss: near the edge batches that differ damp what
      // the mean batch lets grow, because the mean of log |1 − ηλ| lies below its log at the mean.
      if !isWhole, judged == .stable, reached > dryRun.endingLoss {
        return LinearModel.Fate(passes: nil, dies: nil)
      }
      return LinearModel.Fate(passes: fate.passes, dies: dies)
    }
    return LinearModel.Fate(passes: nil, dies: continued(dryRun, isSteady: false))
  }

  /// Where the loss would leave float32 if it went on growing as in the last steps of the dry run;
  /// nil where it does not grow, or stands below where it began.
  /// - Parameter isSteady: the growth is the same all along, so that every step above the start
  ///   tells of it; otherwise only the latest.
  private func continued(_ dryRun: DryRun, isSteady: Bool) -> Int? {
    let losses = dryRun.losses.filter(\.isFinite).map(Double.init)
    let scale = virtualTrainer.trainer.baseline.scale
    let above = losses.count - (losses.lastIndex { $0 < scale } ?? -1) - 1
    let count = isSteady ? above : min(20, losses.count / 2)
    let recent = losses.suffix(max(4, count)).map { log(max($0, 1e-300)) }
    guard recent.count >= 4, let last = recent.last else { return nil }
    let middle = Double(recent.count - 1) / 2
    var (products, squares, sum) = (0.0, 0.0, 0.0)
    for (index, value) in recent.enumerated() {
      products += (Double(index) - middle) * value
      squares += (Double(index) - middle) * (Double(index) - middle)
      sum += value
    }
    let slope = products / squares
    guard slope > 0.01, last > log(2 * scale) else { return nil }
    // From the fitted line, not from one noisy batch.
    let end = sum / Double(recent.count) + slope * middle
    let rest = log(Double(Float.greatestFiniteMagnitude)) - end
    return dryRun.losses.count - 1 + Int((rest / slope).rounded(.up))
  }
}

extension Problem {
  /// Theory, one batch and forty steps; nil where somebody else trains, who shows none of it.
  /// - Throws: `KeelError` where it cannot be trained; `CancellationError`.
  package func quickForecast() throws -> Forecast? {
    engine == nil ? try Forecaster(self, .quick).run() : nil
  }
}
