import CKernels
import Foundation
import KeelData
import KeelEngine
import KeelRecipes
import KeelTraining

/// A copy of a training at step 0, on which steps may be taken that never happened.
///
/// Two networks of the same parameters: one as the training has it, for real batches, and one that
/// holds a sample of rows spread over the whole training part.
package final class VirtualTrainer {
  package let recipe: Recipe
  package let trainer: Trainer
  package var evaluationBudget: EvaluationBudget
  /// Rows spread over the training part.
  package let sample: [Int32]
  /// The loss of the initial network over the sample.
  package private(set) var initialLoss = Double.nan
  private let wide: TrainingStep
  private var batches: Batches
  private let initial: [Float]
  private let adaptive: AdaptiveState
  /// What the screen for bad batches was measured under.
  private var screened: (weights: Double, inputs: Double)?

  /// As many rows as a baseline is taken over.
  static let sampleRows = 256

  /// - Parameter keepsSnapshots: false where no dry run is made, which may go back.
  package init(_ problem: Problem, keepsSnapshots: Bool = true) throws {
    recipe = problem.recipe
    trainer = try Trainer(problem, keepsSnapshots: keepsSnapshots)
    batches = trainer.batches
    adaptive = AdaptiveState(recipe, batches)
    let rows = trainer.data.train.count
    // It never takes a step, and so has nothing to remember of one.
    var still = recipe
    still.optimizer = .sgd()
    let plan = try still.widePlan(
      Self.sampleRows, rows: rows, row: problem.rows.train.shape, beside: trainer.trainingStep.plan)
    let count = min(rows, plan.capacity)
    sample = (0..<count).map { Int32($0 * rows / count) }
    wide = try TrainingStep(still, plan: plan)
    let memory = trainer.trainingStep.memory
    try Room.check(4 * trainer.trainingStep.plan.persistentFloats, for: "a copy of the start")
    initial = Array(
      UnsafeBufferPointer(start: memory.base, count: trainer.trainingStep.plan.persistentFloats))
    evaluationBudget = EvaluationBudget(trainingSteps: batches.total, batch: batches.size)
    initialLoss = sampleLoss()
  }

  package var trainingStep: TrainingStep { trainer.trainingStep }
  package var plan: Plan { trainer.trainingStep.plan }
  package var total: Int { batches.total }
  package var batchSize: Int { batches.size }
  package var stepsPerEpoch: Int { batches.stepsPerEpoch }

  // MARK: going back

  /// Everything as it was before step 0, weights (not biases) times a factor.
  /// - Parameter inputs: a factor on the inputs of the steps to come.
  package func reset(weights factor: Double = 1, inputs: Double = 1) {
    initial.withUnsafeBufferPointer {
      keel_copy($0.baseAddress, trainingStep.memory.base, $0.count, 0)
    }
    adaptive.forget()
    defer { screen(weights: factor, inputs: inputs) }
    guard factor != 1 else { return }
    for parameter in plan.parameters where parameter.role == .weight {
      _ = keel_scale(trainingStep.memory[parameter.buffer], parameter.buffer.count, factor)
    }
  }

  /// Where the recipe skips bad steps, by the rule of its training: held against the first batches
  /// of the network as it stands.
  private func screen(weights: Double, inputs: Double) {
    guard recipe.training.badSteps == .skip,
      screened?.weights != weights || screened?.inputs != inputs
    else { return }
    screened = (weights, inputs)
    adaptive.begin(
      with: OutlierScreen(trainingStep, total: total) { step in
        let pass = load(step: step, inputs: inputs)
        evaluationBudget.countGradient(rows: pass.rows)
        return pass
      })
  }

  // MARK: the sample

  /// The loss of the network as it stands over the sample, batch norm and dropout as in training;
  /// NaN or infinite as it comes.
  package func sampleLoss(inputs factor: Double = 1) -> Double {
    let pass = loadSample(sample, inputs: factor)
    evaluationBudget.countForward(rows: sample.count)
    let result = wide.forward(pass)
    return result.isFinite || !result.loss.isFinite ? result.loss : .infinity
  }

  /// The inputs of the sample, as the network sees them.
  package func sampleSignal() -> SignalMoments {
    let pass = loadSample(sample, inputs: 1)
    return SignalMoments(
      UnsafeBufferPointer(pass.values(wide.plan.input.value)), rows: sample.count)
  }

  /// The gradient, at parameters given in place of the network's own.
  /// - Parameter gradient: written over; as long as the parameters' region.
  /// - Returns: whether all of it is finite; false, too, once the task is cancelled.
  package func gradient(
    at parameters: [Float], rows: [Int32], into gradient: inout [Float]
  ) -> Bool {
    guard !Task.isCancelled else { return false }
    let pass = loadSample(rows, inputs: 1)
    parameters.withUnsafeBufferPointer {
      keel_copy($0.baseAddress, wide.firstParameter, $0.count, 0)
    }
    evaluationBudget.countGradient(rows: rows.count)
    let isForwardFinite = wide.forward(pass).isFinite
    let isFinite = isForwardFinite && wide.backward(pass)
    let source = wide.memory[wide.plan.parameters[0].buffer.gradient]
    gradient.withUnsafeMutableBufferPointer { keel_copy(source, $0.baseAddress, $0.count, 0) }
    return isFinite
  }

  /// The parameters as they stand, padding included.
  package var parameters: [Float] {
    Array(
      UnsafeBufferPointer(start: trainingStep.firstParameter, count: plan.count(.parameters)))
  }

  /// Which rows a step of the training sees.
  package func rows(ofStep step: Int) -> [Int32] { batches.withRows(at: step) { Array($0) } }

  private func loadSample(_ rows: [Int32], inputs factor: Double) -> Pass {
    // The regions of parameters and of state lie alike in both, whatever the batch.
    keel_copy(trainingStep.firstParameter, wide.firstParameter, plan.count(.parameters), 0)
    for state in plan.states {
      keel_copy(
        trainingStep.memory[state.buffer], wide.memory[state.buffer], state.buffer.count, 0)
    }
    rows.withUnsafeBufferPointer { trainer.data.train.gather($0, wide.plan, wide.memory) }
    let pass = wide.pass(rows: rows.count, mode: .training, position: 0)
    scale(pass.values(wide.plan.input.value), by: factor)
    return pass
  }

  private func scale(_ values: UnsafeMutableBufferPointer<Float>, by factor: Double) {
    if factor != 1 { _ = keel_scale(values.baseAddress, values.count, factor) }
  }

  // MARK: virtual steps

  /// Goes on from where the training went back to.
  package func resume(at step: Int) { adaptive.recall(trainer.trace, before: step) }

  /// Loads the batch of a step; what a pass over it then sees.
  package func load(step: Int, inputs factor: Double = 1) -> Pass {
    batches.withRows(at: step) { trainer.data.train.gather($0, plan, trainingStep.memory) }
    let pass = trainingStep.pass(rows: batches.count(at: step), mode: .training, position: step)
    scale(pass.values(plan.input.value), by: factor)
    return pass
  }

  /// What became of one step.
  package enum Outcome {
    case done(loss: Double)
    /// Something was not finite before the update: nothing changed.
    case bad
    /// The update itself was not finite.
    case lost
  }

  /// Takes one step of the recipe's own optimizer from where the network stands.
  /// - Parameter rate: a factor on the learning rate.
  package func advance(
    step: Int, updates: Int, rate: Double = 1, inputs: Double = 1
  ) -> Outcome {
    // Whoever searches asks for cancellation between two probes.
    guard !Task.isCancelled else { return .lost }
    let pass = load(step: step, inputs: inputs)
    evaluationBudget.countGradient(rows: pass.rows)
    let result = trainingStep.take(pass, step: step, count: updates + 1, adaptive, rate: rate)
    switch result.ending {
    case .updated: return .done(loss: result.loss)
    case .nonFinite(.update): return .lost
    case .rejected, .nonFinite: return .bad
    }
  }
}
