import Foundation
import KeelData
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

/// Clips and schedules that remember: after going back, after skipped steps, taken over from
/// another run, as if nothing else had ever happened.
struct AdaptiveStateTests {
  /// Everything that looks back, acting; 17 steps an epoch.
  static let remembering: Recipe = {
    var recipe = everything
    recipe.clipping = [.adaptive(ratio: 0.1), .zScore(1), .percentile(60)]
    recipe.schedule = .warmup(steps: 10, then: .plateau(patience: 0, factor: 0.7))
    recipe.training.epochs = 20
    return recipe
  }()

  @Test(arguments: [
    remembering.clipping, [.percentile(40)], [.zScore(1)], [.adaptive()],
  ])
  func rewindingLeavesNoTrace(clipping: Chain<Clips>) throws {
    var recipe = Self.remembering
    recipe.clipping = clipping
    let undisturbed = try Trainer(Problem(recipe))
    _ = undisturbed.train()
    let trainer = try Trainer(Problem(recipe))
    _ = trainer.train(steps: 33)
    let byHand = trainer.snapshot()
    _ = trainer.train(steps: 250)
    let snapshots = trainer.snapshots.all + [byHand]
    #expect(snapshots.count >= 4)
    for snapshot in snapshots.sorted(by: { $0.step > $1.step }) {
      trainer.rewind(to: snapshot)
      _ = trainer.train(steps: 30)
    }
    _ = trainer.train()
    #expect(trainer.trace.bits == undisturbed.trace.bits)
    #expect(try trainer.network().bits == undisturbed.network().bits)
    #expect(undisturbed.trace.clippedSteps > 20, "a clip that never acts tests nothing")
    let rates = undisturbed.trace.learningRates
    #expect(rates.last! < rates[12] / 2, "a rate that never falls tests nothing")
  }

  /// An explosion, gone back to before it, comes again in the same step.
  @Test func rewindingAnExplosion() throws {
    var recipe = regression(rate: 3)
    recipe.clipping = [.percentile(100)]
    recipe.schedule = .plateau(patience: 3)
    recipe.optimizer = .sgd(learningRate: 300)
    let trainer = try Trainer(Problem(recipe))
    let explosion = try #require(trainer.train().explosion)
    let bits = trainer.trace.bits
    trainer.rewind(to: try #require(trainer.snapshots.newest(before: explosion.step)))
    #expect(trainer.train().explosion == explosion)
    #expect(trainer.trace.bits == bits)
  }

  /// Step by step what the definitions say, from the trace alone.
  @Test func clippingFollowsTheTrace() throws {
    var recipe = everything
    recipe.clipping = [.percentile(40)]
    let trainer = try Trainer(Problem(recipe))
    _ = trainer.train(steps: 150)
    let (before, after) = (trainer.trace.gradientNorms, trainer.trace.clippedNorms)
    #expect(after[0] == before[0])
    for step in 1..<150 {
      let sorted = before[..<step].map(Double.init).sorted()
      let place = 0.4 * Double(step - 1)
      let above = sorted[min(Int(place) + 1, step - 1)]
      let limit = sorted[Int(place)] + (place - floor(place)) * (above - sorted[Int(place)])
      let expected = min(Double(before[step]), limit)
      #expect(abs(Double(after[step]) / expected - 1) < 1e-6, "step \(step)")
    }
    let acted = (0..<150).count { after[$0] < before[$0] }
    #expect(trainer.trace.clippedSteps == acted)
  }

  /// A spike of one batch is brought back, and its norm before is on record.
  @Test func aSpikeIsBroughtBack() throws {
    var (inputs, targets) = (wave(64, 3), wave(64, 1))
    inputs[40] = [30, -30, 30]
    targets[40] = [300]
    var recipe = regression(rate: 0.01, epochs: 60)
    recipe.training.batch = 1
    recipe.training.shuffle = false
    recipe.clipping = [.zScore()]
    let trainer = try Trainer(Problem(recipe, train: Examples(inputs: inputs, targets: targets)))
    _ = trainer.train(steps: 200)
    #expect(trainer.explosion == nil)
    let (before, after) = (trainer.trace.gradientNorms, trainer.trace.clippedNorms)
    let spike = try #require(before.indices.dropFirst(25).max { before[$0] < before[$1] })
    #expect(after[spike] < before[spike] / 100)
    recipe.clipping = []
    let unclipped = try Trainer(Problem(recipe, train: Examples(inputs: inputs, targets: targets)))
    #expect(unclipped.train(steps: 200).verdict == .exploding)
  }

  /// Skipped steps leave no mark, then and when the trace is told again.
  @Test func skippedStepsAreNotAdmitted() throws {
    var inputs = wave(64, 3)
    inputs[40][1] = .infinity
    var recipe = Self.remembering
    recipe.data = .regression(samples: 64)
    recipe.model = [.dense(16), .tanh, .dense(1)]
    recipe.loss = .meanSquaredError
    recipe.training = .init(epochs: 60, batch: 8, badSteps: .skip)
    let examples = try Examples(inputs: inputs, targets: wave(64, 1))
    let undisturbed = try Trainer(Problem(recipe, train: examples))
    _ = undisturbed.train()
    #expect(undisturbed.trace.skipped == 60)
    #expect(undisturbed.trace.clippedSteps > 20)
    #expect(undisturbed.trace.learningRates.last! < 0.02)
    let trainer = try Trainer(Problem(recipe, train: examples))
    _ = trainer.train(steps: 300)
    for snapshot in trainer.snapshots.all.reversed() {
      trainer.rewind(to: snapshot)
      _ = trainer.train(steps: 25)
    }
    _ = trainer.train()
    #expect(trainer.trace.bits == undisturbed.trace.bits)
  }

  /// Put into a running training, a clip knows the norms that came before it.
  @Test func aClipAddedOnTheWayKnowsThePast() throws {
    var control = everything
    control.clipping = []
    let trainer = try Trainer(Problem(control))
    _ = trainer.train(steps: 60)
    var variant = control
    variant.clipping = [.percentile(10)]
    let other = try Trainer(Problem(variant))
    other.rewind(to: trainer.snapshot(), history: trainer.trace)
    _ = other.train(steps: 100)
    let (before, after) = (other.trace.gradientNorms, other.trace.clippedNorms)
    #expect(other.trace.clippedSteps > 0)
    for step in 60..<160 {
      let sorted = before[..<step].map(Double.init).sorted()
      let place = 0.1 * Double(step - 1)
      let low = sorted[Int(place)]
      let limit = low + (place - floor(place)) * (sorted[Int(place) + 1] - low)
      let expected = min(Double(before[step]), limit)
      #expect(abs(Double(after[step]) / expected - 1) < 1e-5, "step \(step)")
    }
  }
}
