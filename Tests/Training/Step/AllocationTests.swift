import Allocations
import KeelData
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

/// A step asks the system for no memory, whatever it is made of.
@Suite(.enabled(if: allocations_are_counted() != 0))
struct AllocationTests {
  @Test(arguments: [
    Choice<Optimizers>.sgd(learningRate: 1e-3, momentum: 0.9), .adam(), .adamw(), .adagrad(),
    .rmsprop(learningRate: 1e-4), .adadelta(), .stableAdamw(),
  ])
  func stepsAllocateNothing(_ optimizer: Choice<Optimizers>) throws {
    var recipe = everything
    recipe.optimizer = optimizer
    recipe.clipping = [
      .value(10), .norm(5), .globalNorm(1), .adaptive(), .percentile(90), .zScore(),
    ]
    recipe.schedule = .warmup(steps: 20, then: .plateau(patience: 2, factor: 0.9))
    recipe.regularizer = [.elasticNet(l1: 1e-6, l2: 1e-5), .maxNorm(4)]
    recipe.training.epochs = 100
    let trainer = try Trainer(Problem(recipe))
    for _ in 0..<10 { trainer.advance() }
    let before = allocations_of_this_thread()
    for _ in 0..<1000 { trainer.advance() }
    #expect(allocations_of_this_thread() - before == 0)
    #expect(trainer.explosion == nil)
    #expect(trainer.trace.count == 1010)
  }

  /// Where outlying batches are skipped, and where so many come in a row that they are the new
  /// usual.
  @Test(arguments: [1, 20]) func skippingAllocatesNothing(_ outliers: Int) throws {
    let recipe = Recipe(
      data: .regression(samples: 640, features: 4, outliers: outliers, outlierScale: 100),
      model: [.dense(8), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 1e-6), training: .init(epochs: 100, batch: 8, badSteps: .skip))
    let trainer = try Trainer(Problem(recipe))
    for _ in 0..<10 { trainer.advance() }
    let before = allocations_of_this_thread()
    for _ in 0..<1000 { trainer.advance() }
    #expect(allocations_of_this_thread() - before == 0)
    #expect(trainer.trace.count == 1010 && trainer.trace.skipped > 0)

    var screen = OutlierScreen(opening: Array(repeating: 1, count: 16))
    let start = allocations_of_this_thread()
    var rejected = 0
    for step in 0..<100 { rejected += screen.rejects(step < 50 ? 100 : 1e5) ? 1 : 0 }
    #expect(allocations_of_this_thread() - start == 0)
    #expect(rejected == 30)
  }

  /// The same of a transformer: embedding, norms and attention.
  @Test func transformerStepsAllocateNothing() throws {
    let block: [Choice<Layers>] = [
      .residual([.layerNorm(), .attention(heads: 2, causal: true, normalize: true)]),
      .residual([.rmsNorm(), .dense(8, activation: .gelu), .dense(4)]),
    ]
    let recipe = Recipe(
      data: .spirals(),
      model: [.embedding(5, 4, positions: true), .repeat(2, block), .flatten]
        + [.dense(2)], loss: .softmaxCrossEntropy, optimizer: .adam(),
      training: .init(epochs: 100, batch: 3))
    let rows = (0..<10).map { row in (0..<6).map { Float((row + $0 * $0) % 5) } }
    let trainer = try Trainer(
      Problem(recipe, train: Examples(inputs: rows, classes: rows.map { Int($0[2]) % 2 })))
    for _ in 0..<10 { trainer.advance() }
    let before = allocations_of_this_thread()
    for _ in 0..<200 { trainer.advance() }
    #expect(allocations_of_this_thread() - before == 0)
    #expect(trainer.explosion == nil)
  }

  /// Nor does one that goes through time, or has a class at every position.
  @Test(arguments: [
    Choice<Layers>.recurrent(6, return: .sequence), .lstm(6, return: .sequence),
    .gru(6, return: .sequence, truncate: 3),
  ])
  func stepsInTimeAllocateNothing(_ layer: Choice<Layers>) throws {
    let trainer = try Trainer(
      Problem(
        Recipe(
          data: .copyMemory(length: 3, samples: 40, symbols: 2, span: 2),
          model: [layer, .dense(3)],
          loss: .softmaxCrossEntropy, optimizer: .adam(),
          training: .init(epochs: 100, batch: 12))))
    for _ in 0..<10 { trainer.advance() }
    let before = allocations_of_this_thread()
    for _ in 0..<300 { trainer.advance() }
    #expect(allocations_of_this_thread() - before == 0)
    #expect(trainer.explosion == nil)
  }

  /// Nor do an alarm, which keeps a snapshot, and the snapshots after it.
  @Test func anAlarmAllocatesNothing() throws {
    var recipe = regression(rate: 1e-9, epochs: 60)
    recipe.clipping = [.globalNorm(1)]
    let trainer = try Trainer(Problem(recipe))
    trainer.trainingStep.disturb = { step, trainingStep in
      guard step == 300 else { return }
      let (targets, count) = (
        trainingStep.memory[trainingStep.plan.targets], trainingStep.plan.targets.count
      )
      for index in 0..<count { targets[index] *= 100 }
    }
    for _ in 0..<10 { trainer.advance() }
    let before = allocations_of_this_thread()
    for _ in 0..<900 { trainer.advance() }
    #expect(allocations_of_this_thread() - before == 0)
    #expect(trainer.explosion == nil)
    #expect(trainer.trace.events.contains { $0.kind == .divergence })
  }

  /// Nor does looking whether it is time for a checkpoint.
  @Test(arguments: [nil, 1_000_000])
  func waitingForACheckpointAllocatesNothing(_ every: Int?) throws {
    let trainer = try Trainer(Problem(everything))
    var clock = CheckpointClock(CheckpointPolicy(every: every) { _ in })
    trainer.advance()
    let before = allocations_of_this_thread()
    for _ in 0..<150 {
      trainer.advance()
      clock.look(at: trainer)
    }
    #expect(allocations_of_this_thread() - before == 0)
  }

  @Test func countingWorks() {
    let before = allocations_of_this_thread()
    let array = [Int](repeating: 1, count: 1000)
    #expect(allocations_of_this_thread() > before)
    #expect(array.count == 1000)
  }
}
