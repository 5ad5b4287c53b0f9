import Foundation
import KeelRecipes
import KeelTestSupport
import Testing

/// AGC: every unit by itself, against its weights.
struct ClipByUnitNormTests {
  /// Weights of many sizes, a row of zeros among them.
  private func scene(_ seed: UInt64, size: Double) throws -> ClipScene {
    let scene = try ClipScene(seed: seed, size: size)
    var dice = Dice(seed: seed + 100)
    for parameter in scene.harness.plan.parameters {
      let columns = parameter.shape.axes.count > 1 ? parameter.shape.last : parameter.shape.count
      var weights: [Float] = []
      for row in 0..<parameter.shape.count / columns {
        weights += dice.normals(columns, std: row == 3 ? 0 : pow(10, dice.uniform(-4, 2)))
      }
      scene.harness[parameter.buffer] = weights
    }
    return scene
  }

  /// Rows of a matrix, or the whole of a vector.
  private func units(_ scene: ClipScene) -> [(gradient: [Double], weights: [Double])] {
    zip(scene.harness.plan.parameters, scene.effective).flatMap { parameter, gradient in
      let weights = scene.harness.parameters[parameter.name]!
      let count = parameter.shape.axes.count > 1 ? parameter.shape.last : parameter.shape.count
      return stride(from: 0, to: gradient.count, by: count).map {
        (Array(gradient[$0..<$0 + count]), Array(weights[$0..<$0 + count]))
      }
    }
  }

  @Test(arguments: [0.01, 1, 1e10, 1e30], [0.01, 0.3])
  func agreesWithTheDefinition(size: Double, ratio: Double) throws {
    let seed: UInt64 = 61
    let scene = try scene(seed, size: size)
    let before = units(scene)
    scene.apply(.adaptive(ratio: ratio))
    var acted = 0
    for (unit, after) in zip(before, units(scene)) {
      let (norm, limit) = (norm(unit.gradient), ratio * max(norm(unit.weights), 1e-3))
      let expected = norm > limit ? unit.gradient.map { $0 * (limit / norm) } : unit.gradient
      if norm > limit { acted += 1 }
      #expect(relativeError(after.gradient.map(Float.init), expected) < 1e-6, "seed \(seed)")
    }
    #expect(acted > 2, "a limit that never acts tests nothing")
    let all = scene.effective.flatMap { $0 }
    #expect(abs(scene.gradients.globalNorm / norm(all) - 1) < 1e-5)
  }

  /// ‖g‖ ≤ ratio·max(‖w‖, 1e-3) in every unit, and clip(clip(g)) = clip(g).
  @Test(arguments: UInt64(0)...4) func boundedAndIdempotent(seed: UInt64) throws {
    let scene = try scene(seed, size: 5)
    scene.apply(.adaptive(ratio: 0.02))
    for (gradient, weights) in units(scene) {
      #expect(norm(gradient) <= 0.02 * max(norm(weights), 1e-3) * (1 + 5e-6), "seed \(seed)")
    }
    let once = scene.effective.flatMap { $0 }
    scene.apply(.adaptive(ratio: 0.02))
    #expect(scene.effective.flatMap { $0 } == once, "seed \(seed)")
  }

  /// What a clip before it has noted down counts.
  @Test func afterAnotherClip() throws {
    let scene = try scene(7, size: 5)
    scene.apply(.globalNorm(1e-6))
    let before = scene.effective
    scene.apply(.adaptive(ratio: 1))
    for (a, b) in zip(before.flatMap { $0 }, scene.effective.flatMap { $0 }) {
      #expect(abs(a - b) <= 1.2e-7 * abs(a))
    }
  }

  /// Weights that are not finite set no limit.
  @Test(arguments: [Float.nan, .infinity]) func nonFiniteWeights(value: Float) throws {
    let scene = try scene(5, size: 5)
    let weight = scene.harness.plan.parameters[0]
    scene.harness.memory[weight.buffer][4] = value
    let before = scene.effective[0][..<weight.shape.last]
    scene.apply(.adaptive())
    #expect(scene.effective[0][..<weight.shape.last] == before)
  }
}
