import KeelEngine
import KeelRecipes
import KeelTraining

// Runs that are healthy, and what may happen to one on its way.

/// Five kinds of network, long enough to have something to lose.
let healthyRuns: [Recipe] = [
  Recipe(
    name: "mlp", seed: 1, data: .spirals(samples: 1500, noise: 0.05, test: .fraction(0.2)),
    model: [.dense(32), .relu, .dense(32), .relu, .dense(3)], initializer: .he(),
    loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.003),
    training: .init(epochs: 60, batch: 32)),
  Recipe(
    name: "regression", seed: 2,
    data: .regression(samples: 1000, features: 8, noise: 0.1, test: .fraction(0.2)),
    model: [.dense(32), .relu, .dense(32), .relu, .dense(1)], initializer: .he(),
    loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.01, momentum: 0.9),
    training: .init(epochs: 80, batch: 32)),
  Recipe(
    name: "batch-norm", seed: 3, data: .spirals(samples: 1500, noise: 0.05, test: .fraction(0.2)),
    model: [
      .dense(32), .batchNorm(), .relu, .residual([.dense(32), .relu, .dense(32)]), .dense(3),
    ],
    initializer: .he(), loss: .softmaxCrossEntropy,
    optimizer: .sgd(learningRate: 0.05, momentum: 0.9), clipping: [.percentile(95)],
    training: .init(epochs: 60, batch: 32)),
  Recipe(
    name: "lstm", seed: 4, data: .addingProblem(length: 10, samples: 1500, test: .fraction(0.2)),
    model: [.lstm(16), .dense(1)], loss: .meanSquaredError,
    optimizer: .adam(learningRate: 0.01), clipping: [.globalNorm(1)],
    training: .init(epochs: 60, batch: 32)),
  Recipe(
    name: "tanh", seed: 5, data: .moons(samples: 1500, noise: 0.1, test: .fraction(0.2)),
    model: [.dense(32), .tanh, .dense(32), .tanh, .dense(2)], loss: .softmaxCrossEntropy,
    optimizer: .rmsprop(learningRate: 0.002), training: .init(epochs: 60, batch: 32)),
]

/// What happens at three fifths of a run.
enum Fault: Int, CaseIterable {
  /// A batch whose numbers are read 10²⁵ times too large, whenever that step is taken.
  case poisonedBatch
  /// One number of a batch is none.
  case notANumber
  /// A thousandfold, from there on.
  case rateJump
  /// Weights overwritten, once, with bits that were something else.
  case corruptedLayer

  func run(of base: Recipe, steps: Int) async throws -> Run {
    let when = steps * 3 / 5
    var recipe = base
    if self == .rateJump { recipe.schedule = .step(every: when, factor: 1000) }
    let run = try Run(Problem(recipe))
    await install(in: run, of: base, steps: steps)
    return run
  }

  func install(in run: Run, of base: Recipe, steps: Int) async {
    let (when, fault, isDone) = (steps * 3 / 5, self, Flag())
    await run.disturb { step, trainingStep in
      guard step == when else { return }
      let inputs = UnsafeMutableBufferPointer(
        start: trainingStep.memory[trainingStep.plan.input.value],
        count: trainingStep.plan.input.value.count(rows: trainingStep.plan.capacity))
      switch fault {
      case .poisonedBatch:
        for index in inputs.indices { inputs[index] *= 1e25 }
        for index in 0..<trainingStep.plan.targets.count(rows: trainingStep.plan.capacity) {
          trainingStep.memory[trainingStep.plan.targets][index] *= 1e25
        }
      case .notANumber: inputs[1] = .nan
      case .rateJump: break
      case .corruptedLayer: if isDone.raise() { trainingStep.overwriteLayer(seed: base.seed) }
      }
    }
  }
}

/// Raised once.
final class Flag: @unchecked Sendable {
  private var isUp = false
  func raise() -> Bool {
    defer { isUp = true }
    return !isUp
  }
}

extension TrainingStep {
  /// Random bits in place of a layer's weights: a garbled read, NaN and 10³⁰ among them.
  fileprivate func overwriteLayer(seed: UInt64) {
    var random = Random(seed: seed, stream: "garbage")
    let weights = plan.parameters.filter { $0.role == .weight }
    let parameter = weights[weights.count / 2]
    for index in 0..<parameter.buffer.count {
      memory[parameter.buffer][index] = Float(
        bitPattern: UInt32(truncatingIfNeeded: random.next()))
    }
  }
}
