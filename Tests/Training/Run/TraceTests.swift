import Foundation
import KeelData
import KeelRecipes
import KeelTraining
import Testing

struct TraceTests {
  /// A column a layer and probe, a row a step; the norms of layers add up to the whole.
  @Test func layersAddUp() throws {
    let trainer = try Trainer(Problem(everything))
    _ = trainer.train()
    let trace = trainer.trace
    let columns = trace.layers.map { trace.series(GradientNorm.self, layer: $0).map(Double.init) }
    #expect(trace.layers == ["dense-1", "batch-norm-1", "dense-2", "dense-3", "dense-4"])
    #expect(trace.stride == 1)
    for step in 0..<trace.count {
      let sum = columns.reduce(0) { $0 + $1[step] * $1[step] }.squareRoot()
      #expect(abs(sum / Double(trace.gradientNorms[step]) - 1) < 1e-5)
      #expect(trace.clippedNorms[step] <= 1.000001)
      #expect(trace.clippedNorms[step] <= trace.gradientNorms[step] * 1.000001)
    }
    let ratios = trace.series(UpdateRatio.self, layer: "dense-4")
    #expect(ratios.count == trace.count && ratios.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(trace.series(UpdateRatio.self, layer: "dense-9").isEmpty)
  }

  /// Steps that were not reached have no norm, rather than one of 0.
  @Test func whatWasNotReachedIsNaN() throws {
    let trainer = try Trainer(Problem(regression(rate: 3)))
    let explosion = try #require(trainer.train().explosion)
    #expect(explosion.pass == .forward)
    #expect(trainer.trace.gradientNorms[explosion.step].isNaN)
    #expect(trainer.trace.clippedNorms[explosion.step].isNaN)
    #expect(trainer.trace.gradientNorms[..<explosion.step].allSatisfy { !$0.isNaN })
  }

  /// A gradient a thousand times the usual one, for a step, is an event and no verdict.
  @Test func aSurgeIsAnEvent() throws {
    var inputs = (0..<64).map { [sin(Float($0)), cos(Float($0))] }
    let targets = inputs.map { [$0[0] + $0[1]] }
    inputs[50] = [800, -700]
    var recipe = regression(rate: 1e-9, epochs: 4)
    recipe.training.batch = 1
    recipe.training.shuffle = false
    let trainer = try Trainer(Problem(recipe, train: Examples(inputs: inputs, targets: targets)))
    let training = trainer.train()
    let surges = trainer.trace.events.filter { $0.kind == .surge }
    #expect(surges.contains { $0.step == 50 })
    #expect(surges.allSatisfy { $0.step % 64 == 50 })
    #expect(training.explosion == nil)
  }
}
