import KeelEngine
import KeelNetworks
import KeelRecipes

/// A network in memory, and what one step does to it: forward, backward, clip, update.
///
/// It keeps no history and takes no decision. Nothing here allocates after `init`.
package final class TrainingStep {
  package let recipe: Recipe
  package var plan: Plan
  package let memory: Memory
  package let gradients: Gradients
  /// Σ over the parameters of each layer of the plan, as of the last step.
  package private(set) var layerSums: [LayerSums]
  private let workspace: Workspace
  private let loss: any Loss
  private let optimizer: any Optimizer
  private let clips: [any Clip]
  private let regularizers: [any Regularizer]
  private let penalty: (l1: Double, l2: Double)
  private let penalized: [Bool]
  private let layerOfParameter: [Int]

  /// Squares summed over the parameters of one layer.
  package struct LayerSums {
    /// Before clipping.
    package var gradient = 0.0
    package var update = 0.0
    package var weight = 0.0
  }

  package init(_ recipe: Recipe, plan: Plan) throws {
    self.recipe = recipe
    self.plan = plan
    workspace = try Workspace(plan)
    memory = workspace.memory
    gradients = Gradients(plan, memory)
    loss = recipe.loss.member
    optimizer = recipe.optimizer.member
    clips = recipe.clipping.choices.map(\.member)
    regularizers = recipe.regularizer.choices.map(\.member)
    let penalty = regularizers.reduce((l1: 0.0, l2: 0.0)) {
      ($0.l1 + $1.penalty.l1, $0.l2 + $1.penalty.l2)
    }
    self.penalty = penalty
    penalized = plan.parameters.map { $0.role == .weight && (penalty.l1 != 0 || penalty.l2 != 0) }
    let layers = plan.layers
    layerOfParameter = plan.parameters.map {
      layers.firstIndex(of: $0.layer).required("a parameter has a layer")
    }
    layerSums = Array(repeating: LayerSums(), count: layers.count)
    initialize()
  }

  /// Writes the initial parameters, state and slots.
  package func initialize() {
    plan.initialize(memory, seed: recipe.seed)
    for (index, slot) in optimizer.initialSlots.enumerated() {
      for parameter in plan.parameters {
        UnsafeMutableBufferPointer(
          start: memory[plan.slot(index, of: parameter)], count: parameter.buffer.count
        ).update(repeating: slot.value)
      }
    }
  }

  /// A trip of `rows` rows through the network.
  package func pass(rows: Int, mode: Mode, position: Int) -> Pass {
    Pass(memory: memory, rows: rows, mode: mode, position: UInt64(position))
  }

  /// Outputs, and the mean data loss of the batch in memory; its gradient too, if training.
  package func forward(_ pass: Pass) -> (loss: Double, isFinite: Bool) {
    let isFinite = plan.forward(pass)
    let result = loss.mean(batch(pass, wantsGradient: pass.mode == .training))
    // The sum is taken in double; the loss is a float32 like every other value of a training.
    let isLossFinite = result.nonFinite == 0 && Float(result.sum).isFinite
    return (result.sum, isFinite && isLossFinite)
  }

  /// Gradients of everything, the penalty's included; measured, not yet clipped.
  package func backward(_ pass: Pass) -> Bool {
    let isFinite = plan.backward(pass)
    let nonFinite = gradients.measure(penalized: penalized, l1: penalty.l1, l2: penalty.l2)
    for index in layerSums.indices { layerSums[index] = LayerSums() }
    for index in gradients.indices {
      layerSums[layerOfParameter[index]].gradient += gradients.squares(index)
    }
    return isFinite && nonFinite == 0
  }

  /// - Parameter adaptive: what the recipe's clips remember.
  package func clip(_ adaptive: AdaptiveState) {
    for (index, clip) in clips.enumerated() { clip.apply(to: gradients, adaptive.windows[index]) }
  }

  /// Changes the parameters; false where one, or what the optimizer remembers, became non-finite.
  /// - Parameter count: counts updates from 1.
  package func update(_ pass: Pass, count: Int, learningRate: Double) -> Bool {
    var nonFinite = 0
    for (index, parameter) in plan.parameters.enumerated() {
      let weights = memory[parameter.buffer]
      let measure = optimizer.update(
        Update(
          weights: weights, gradients: memory[parameter.buffer.gradient],
          count: parameter.buffer.count, scale: gradients.factor(index),
          learningRate: learningRate, step: count,
          firstSlot: memory[plan.slot(0, of: parameter)], slotStride: plan.count(.parameters)))
      if parameter.role == .weight {
        let rows = parameter.shape.axes[0]
        for regularizer in regularizers {
          regularizer.constrain(weights, rows: rows, columns: parameter.shape.count / rows)
        }
      }
      layerSums[layerOfParameter[index]].update += measure.updateSquares
      layerSums[layerOfParameter[index]].weight += measure.weightSquares
      nonFinite += measure.nonFinite
    }
    plan.commit(pass)
    return nonFinite == 0
  }

  /// The batch in memory, as the loss sees it.
  package func batch(_ pass: Pass, wantsGradient: Bool) -> LossBatch {
    LossBatch(
      outputs: pass[plan.output.value], targets: pass[plan.targets],
      gradient: wantsGradient ? pass[gradientOf: plan.output] : nil, rows: pass.rows,
      columns: plan.output.shape.count, positions: plan.output.shape.leading)
  }
}
