import CKernels
import KeelEngine
import KeelNetworks
import KeelRecipes

/// A network in memory, and what one step does to it: forward, backward, measure, screen, clip,
/// update.
///
/// Trainings, trials and forecasts all take their steps here. It keeps no history. Nothing here
/// allocates after `init`.
package final class TrainingStep {
  package let recipe: Recipe
  package var plan: Plan
  package let gradients: Gradients
  /// Whether there was a backward pass, so that there are gradients.
  package private(set) var hasGradients = false
  /// As of the last step.
  package private(set) var layers: LayerSums
  /// Called with the batch in memory, before the forward pass: how tests bring in a fault from
  /// outside the recipe.
  package var disturb: ((Int, TrainingStep) -> Void)?
  private let workspace: Workspace
  private let rules: Rules
  /// What one thread changes of the parameters, and what that did.
  private let slices: [Slice]
  private let measures: UnsafeMutableBufferPointer<UpdateMeasure>

  /// What the recipe does with gradients and weights, looked up once.
  private struct Rules {
    let loss: any Loss
    let optimizer: any Optimizer
    let clips: [any Clip]
    let regularizers: [any Regularizer]
    let penalty: (l1: Double, l2: Double)

    init(_ recipe: Recipe) {
      loss = recipe.loss.member
      optimizer = recipe.optimizer.member
      clips = recipe.clipping.choices.map(\.member)
      regularizers = recipe.regularizer.choices.map(\.member)
      penalty = regularizers.reduce((l1: 0.0, l2: 0.0)) {
        ($0.l1 + $1.penalty.l1, $0.l2 + $1.penalty.l2)
      }
    }

    func penalizes(_ parameter: Parameter) -> Bool {
      parameter.role == .weight && (penalty.l1 != 0 || penalty.l2 != 0)
    }
  }

  package init(_ recipe: Recipe, plan: Plan) throws {
    self.recipe = recipe
    self.plan = plan
    workspace = try Workspace(plan)
    let rules = Rules(recipe)
    self.rules = rules
    gradients = Gradients(plan, workspace.memory, penalized: plan.parameters.map(rules.penalizes))
    layers = LayerSums(plan)
    let isElementwise = type(of: rules.optimizer).isElementwise
    slices = isElementwise ? plan.slices : []
    measures = .allocate(capacity: slices.count)
    measures.initialize(repeating: UpdateMeasure())
    initialize()
  }

  deinit { measures.deallocate() }

  package var memory: Memory { workspace.memory }

  /// Where the parameters' region begins: at the first of them.
  package var firstParameter: UnsafeMutablePointer<Float> { memory[plan.parameters[0].buffer] }

  /// Writes the initial parameters, state and slots.
  package func initialize() {
    plan.initialize(memory, seed: recipe.seed)
    for (index, slot) in rules.optimizer.initialSlots.enumerated() {
      for parameter in plan.parameters {
        UnsafeMutableBufferPointer(
          start: memory[plan.slot(index, of: parameter)], count: parameter.buffer.count
        ).update(repeating: slot.value)
      }
    }
  }

  // MARK: a step

  /// What became of a step.
  package struct Result {
    /// The mean data loss of the batch.
    package let loss: Double
    package let learningRate: Double
    /// Of all gradients before clipping; NaN where there was no backward pass.
    package fileprivate(set) var gradientNorm = Double.nan
    /// Of all gradients after clipping; NaN where nothing was clipped any more.
    package fileprivate(set) var clippedNorm = Double.nan
    package fileprivate(set) var ending = Ending.updated

    package enum Ending: Hashable {
      /// The parameters have changed.
      case updated
      /// The screen took the batch for a bad one: nothing has changed.
      case rejected
      /// Something was not finite: in the forward or the backward pass, and nothing has changed; or
      /// in the update.
      case nonFinite(Explosion.Pass)
    }
  }

  /// Takes a step with the batch in memory.
  /// - Parameters:
  ///   - step: its place in the training, which decides on the rate and on what is random.
  ///   - count: counts updates from 1.
  ///   - adaptive: what clips, schedule and screen remember; told what became of the step.
  ///   - factor: on the recipe's learning rate.
  package func take(
    _ pass: Pass, step: Int, count: Int, _ adaptive: AdaptiveState, rate factor: Double = 1
  ) -> Result {
    disturb?(step, self)
    let (loss, isFinite) = forward(pass)
    var result = Result(loss: loss, learningRate: adaptive.learningRate(at: step, times: factor))
    guard isFinite else { return end(&result, .nonFinite(.forward), step, adaptive) }
    let isBackwardFinite = backward(pass)
    result.gradientNorm = gradients.globalNorm
    guard isBackwardFinite else { return end(&result, .nonFinite(.backward), step, adaptive) }
    let norm = Trace.norm(result.gradientNorm)
    if adaptive.rejects(norm) { return end(&result, .rejected, step, adaptive) }
    clip(adaptive)
    result.clippedNorm = gradients.globalNorm
    guard update(pass, count: count, learningRate: result.learningRate) else {
      result.ending = .nonFinite(.update)
      return result
    }
    // As a trace keeps them, so that a run that has gone back is told the same.
    adaptive.admit(step, loss: Float(loss), norm: norm)
    return result
  }

  /// Of a step that changed nothing.
  private func end(
    _ result: inout Result, _ ending: Result.Ending, _ step: Int, _ adaptive: AdaptiveState
  ) -> Result {
    result.ending = ending
    adaptive.skip(step)
    return result
  }

  // MARK: its parts

  /// A trip of `rows` rows through the network.
  package func pass(rows: Int, mode: Mode, position: Int) -> Pass {
    Pass(memory: memory, rows: rows, mode: mode, position: UInt64(position))
  }

  /// Outputs, and the mean data loss of the batch in memory; its gradient too, if training.
  package func forward(_ pass: Pass) -> (loss: Double, isFinite: Bool) {
    let isFinite = plan.forward(pass)
    let result = rules.loss.mean(batch(pass, wantsGradient: pass.mode == .training))
    // The sum is taken in double; the loss is a float32 like every other value of a training.
    let isLossFinite = result.nonFinite == 0 && Float(result.sum).isFinite
    return (result.sum, isFinite && isLossFinite)
  }

  /// Gradients of everything, the penalty's included; measured, not yet clipped.
  package func backward(_ pass: Pass) -> Bool { measure(plan.backward(pass)) }

  /// The same on this thread.
  /// - Parameter before: shown the memory before each operation; see `Plan.backwardInOrder`.
  package func backward(_ pass: Pass, before: (Int, Pass) -> Void) -> Bool {
    measure(plan.backwardInOrder(pass, before: before))
  }

  /// - Parameter isFinite: whether the pass was.
  func measure(_ isFinite: Bool) -> Bool {
    hasGradients = true
    let nonFinite = gradients.measure(l1: rules.penalty.l1, l2: rules.penalty.l2)
    layers.begin(gradients)
    return isFinite && nonFinite == 0
  }

  private func clip(_ adaptive: AdaptiveState) {
    for (index, clip) in rules.clips.enumerated() {
      clip.apply(to: gradients, adaptive.windows[index])
    }
  }

  /// Changes the parameters; false where one, or what the optimizer remembers, became non-finite.
  private func update(_ pass: Pass, count: Int, learningRate: Double) -> Bool {
    updateSlices(count, learningRate)
    var (nonFinite, slice) = (0, 0)
    for (index, parameter) in plan.parameters.enumerated() {
      var measure = UpdateMeasure()
      if slices.isEmpty { measure = rules.optimizer.update(tensor(index, count, learningRate)) }
      while slice < slices.count, slices[slice].parameter == index {
        measure += measures[slice]
        slice += 1
      }
      if parameter.role == .weight {
        let rows = parameter.shape.axes[0]
        for regularizer in rules.regularizers {
          regularizer.constrain(
            memory[parameter.buffer], rows: rows, columns: parameter.shape.count / rows)
        }
      }
      layers.add(measure, ofParameter: index)
      nonFinite += measure.nonFinite
    }
    plan.commit(pass)
    return nonFinite == 0
  }

  /// Changes the parameters slice by slice, on as many threads as are worth it.
  private func updateSlices(_ count: Int, _ learningRate: Double) {
    guard plan.sharesParameters else {
      for index in slices.indices { update(slice: index, count, learningRate) }
      return
    }
    typealias Work = (step: Unmanaged<TrainingStep>, count: Int, learningRate: Double)
    var work: Work = (Unmanaged.passUnretained(self), count, learningRate)
    keel_parallel(
      slices.count,
      {
        let work = $0.required("work is handed on").assumingMemoryBound(to: Work.self).pointee
        work.step.takeUnretainedValue().update(slice: $1, work.count, work.learningRate)
        return 1
      }, &work)
  }

  private func update(slice index: Int, _ count: Int, _ learningRate: Double) {
    let slice = slices[index]
    measures[index] = rules.optimizer.update(
      tensor(slice.parameter, count, learningRate).slice(slice.range))
  }

  /// A parameter, as the optimizer sees it.
  private func tensor(_ index: Int, _ count: Int, _ learningRate: Double) -> Update {
    let parameter = plan.parameters[index]
    return Update(
      weights: memory[parameter.buffer], gradients: memory[parameter.buffer.gradient],
      count: parameter.buffer.count, scale: gradients.factor(index), learningRate: learningRate,
      step: count, firstSlot: memory[plan.slot(0, of: parameter)],
      slotStride: plan.count(.parameters))
  }

  /// The batch in memory, as the loss sees it.
  package func batch(_ pass: Pass, wantsGradient: Bool) -> LossBatch {
    LossBatch(
      outputs: pass[plan.output.value], targets: pass[plan.targets],
      gradient: wantsGradient ? pass[gradientOf: plan.output] : nil, rows: pass.rows,
      columns: plan.output.shape.count, positions: plan.output.shape.leading)
  }
}
