import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Clipping and penalties: the algebra of gradients, and what they must never do to ∞ and NaN.
@Suite struct ClipTests {
  /// Each looks at nothing but the gradients.
  static let simple: [ClipCase] = [.init(.value(0.7)), .init(.norm(0.9)), .init(.globalNorm(1.1))]
  /// These look at weights, or at the norms of the past, here held fixed.
  static let adaptive: [ClipCase] = [
    .init(.adaptive()), .init(.adaptive(ratio: 3)),
    .init(.percentile(), past: ClipCase.calm), .init(.percentile(100), past: ClipCase.calm),
    .init(.zScore(), past: ClipCase.calm), .init(.zScore(0.1), past: ClipCase.calm),
  ]
  static let all = simple + adaptive

  @Test(arguments: simple, [0.01, 1, 1e10]) func agreesWithTheTwin(clip: ClipCase, size: Double)
    throws
  {
    let seed: UInt64 = 41
    let scene = try ClipScene(seed: seed, size: size)
    let before = scene.effective
    scene.apply(clip.choice)
    for (value, expected) in zip(scene.effective, twinClip(clip.choice.member, before)) {
      #expect(relativeError(value.map(Float.init), expected) < 1e-6, "seed \(seed)")
    }
    let all = scene.effective.flatMap { $0 }
    #expect(abs(scene.gradients.globalNorm / norm(all) - 1) < 1e-5)
    for index in scene.gradients.indices {
      #expect(abs(scene.gradients.norm(index) / norm(scene.effective[index]) - 1) < 1e-5)
    }
  }

  /// clip(clip(x)) = clip(x).
  @Test(arguments: all, UInt64(0)...9) func isIdempotent(clip: ClipCase, seed: UInt64) throws {
    let scene = try ClipScene(seed: seed, size: 5)
    scene.apply(clip)
    let once = scene.effective
    scene.apply(clip)
    for (a, b) in zip(once.flatMap { $0 }, scene.effective.flatMap { $0 }) {
      #expect(abs(a - b) <= 1.2e-7 * abs(a), "seed \(seed)")
    }
  }

  /// ‖clip(x)‖ ≤ c, in the norm that the clip is about.
  @Test(arguments: UInt64(0)...9) func staysWithinItsLimit(seed: UInt64) throws {
    var dice = Dice(seed: seed)
    let (limit, size) = (pow(10, dice.uniform(-3, 3)), pow(10, dice.uniform(-10, 10)))
    let bound = limit * (1 + 1e-6)
    let byValue = try ClipScene(seed: seed, size: size)
    byValue.apply(.value(limit))
    #expect(byValue.effective.joined().allSatisfy { abs($0) <= bound }, "seed \(seed)")
    let byNorm = try ClipScene(seed: seed, size: size)
    byNorm.apply(.norm(limit))
    #expect(byNorm.effective.allSatisfy { norm($0) <= bound }, "seed \(seed)")
    let byGlobalNorm = try ClipScene(seed: seed, size: size)
    byGlobalNorm.apply(.globalNorm(limit))
    #expect(norm(byGlobalNorm.effective.flatMap { $0 }) <= bound, "seed \(seed)")
  }

  @Test(arguments: [
    ClipCase(.value(1e30)), .init(.norm(1e30)), .init(.globalNorm(1e30)),
    .init(.adaptive(ratio: 1e30)), .init(.percentile(100), past: [1, 1e30]), .init(.percentile()),
    .init(.zScore(), past: ClipCase.calm.map { 1e30 * $0 }), .init(.zScore()),
  ])
  func hugeLimitChangesNothing(clip: ClipCase) throws {
    let scene = try ClipScene(seed: 2, size: 100)
    let before = scene.effective
    scene.apply(clip)
    #expect(scene.effective == before)
  }

  /// NUMBERS.md, section 3: the norm is finite and the clipped norm is the limit. Ten units for
  /// 1e20, a million weights for 1e38, whose factor alone lies below float32.
  @Test(arguments: [(10, 1e20), (1000, 1e20), (1000, 1e38)], [0.5, 1, 5])
  func gradientsThatSquareToInfinity(shape: (width: Int, size: Double), limit: Double) throws {
    let scene = try ClipScene(width: shape.width) { _, _ in Float(shape.size) }
    let count = Double(shape.width * shape.width + shape.width)
    let expected = shape.size * count.squareRoot()
    #expect(scene.nonFinite == 0)
    #expect(abs(scene.gradients.globalNorm / expected - 1) < 1e-6)
    scene.apply(.globalNorm(limit))
    #expect(abs(scene.gradients.globalNorm / limit - 1) < 1e-6)
    #expect(abs(norm(scene.effective.flatMap { $0 }) / limit - 1) < 1e-6)
    // What the optimizer then does with it: w − lr·g, no zeros, no infinities.
    let moved = scene.update(.sgd(learningRate: 1))
    #expect(abs(norm(moved) / limit - 1) < 1e-4)
    #expect(moved.allSatisfy { $0.isFinite && $0 != 0 })
  }

  /// The same for the clips that find their limit themselves.
  @Test(arguments: adaptive, [(10, 1e20), (1000, 1e20), (1000, 1e38)])
  func gradientsThatSquareToInfinity(clip: ClipCase, shape: (width: Int, size: Double)) throws {
    let scene = try ClipScene(width: shape.width) { _, _ in Float(shape.size) }
    scene.apply(clip)
    let all = norm(scene.effective.flatMap { $0 })
    #expect(abs(scene.gradients.globalNorm / all - 1) < 1e-5)
    // Units of no weights have 1e-3 · ratio each; the calm norms end at 1.3, their scores below
    // 0.3.
    let bound = clip.past.isEmpty ? 3e-3 * Double(shape.width + 1).squareRoot() : 1.3
    #expect(all > 0 && all < bound * (1 + 1e-5))
    let moved = scene.update(.sgd(learningRate: 1))
    #expect(moved.allSatisfy { $0.isFinite && $0 != 0 })
  }

  /// One bad element: the norm says so, nothing is turned to zeros, nothing is scaled by it.
  @Test(arguments: all, [Float.nan, .infinity, -.infinity])
  func nonFiniteGradientsStay(clip: ClipCase, value: Float) throws {
    let scene = try ClipScene(width: 30) { tensor, index in
      tensor == 0 && index == 777 ? value : 10
    }
    #expect(scene.nonFinite == 1)
    let isSaid = { (norm: Double) in value.isNaN ? norm.isNaN : norm == .infinity }
    #expect(isSaid(scene.gradients.globalNorm) && isSaid(scene.gradients.norm(0)))
    scene.apply(clip)
    let after = scene.effective
    #expect(value.isNaN ? after[0][777].isNaN : after[0][777] == Double(value))
    #expect(isSaid(scene.gradients.globalNorm) && isSaid(scene.gradients.norm(0)))
    #expect(after.joined().allSatisfy { $0 != 0 })
    let others = after[0].enumerated().filter { $0.offset != 777 }.map(\.element)
    switch clip.choice.name {
    case "value": #expect(others.allSatisfy { $0 == Double(Float(0.7)) })
    case "norm": #expect(others.allSatisfy { $0 == 10 } && abs(norm(after[1]) - 0.9) < 1e-6)
    case "adaptive":
      // The bad element's unit stays, the others are brought back.
      let unit = after[0].enumerated().filter { $0.offset / 30 == 25 && $0.offset != 777 }
      #expect(unit.allSatisfy { $0.element == 10 })
      #expect(after[0].enumerated().allSatisfy { $0.offset / 30 == 25 || $0.element < 1 })
    default: #expect((others + after[1]).allSatisfy { $0 == 10 })
    }
  }

  /// NaN beside ∞: the norm is NaN, and both are counted.
  @Test func nanOutweighsInfinity() throws {
    let scene = try ClipScene(width: 30) { tensor, index in
      tensor == 0 && index == 5 ? .infinity : tensor == 0 && index == 700 ? .nan : 1
    }
    #expect(scene.nonFinite == 2)
    #expect(scene.gradients.globalNorm.isNaN)
  }

  /// Clips in a row see what the ones before left.
  @Test func chain() throws {
    let scene = try ClipScene(seed: 8, size: 50)
    let before = scene.effective
    let chain: [Choice<Clips>] = [.globalNorm(3), .value(0.2), .norm(0.5)]
    for clip in chain { scene.apply(clip) }
    let expected = chain.reduce(before) { twinClip($1.member, $0) }
    for (value, expected) in zip(scene.effective, expected) {
      #expect(relativeError(value.map(Float.init), expected) < 1e-6)
    }
  }

  /// The penalty's gradient joins those of weights, and of nothing else.
  @Test(arguments: [(0.3, 0), (0, 0.2), (0.05, 0.4)]) func penalties(l1: Double, l2: Double) throws
  {
    let seed: UInt64 = 43
    let scene = try ClipScene(seed: seed, size: 1, penalized: true)
    var dice = Dice(seed: seed)
    let harness = scene.harness
    let before = scene.effective
    for parameter in harness.plan.parameters {
      harness[parameter.buffer] = dice.normals(parameter.shape.count)
      harness.memory[parameter.buffer][0] = 0
    }
    let parameters = harness.plan.parameters
    _ = scene.gradients.measure(l1: l1, l2: l2)
    for (index, parameter) in parameters.enumerated() {
      let penalty = twinPenalty(harness.parameters[parameter.name]!, l1: l1, l2: l2)
      let expected =
        parameter.role == .weight ? zip(before[index], penalty).map { $0 + $1 } : before[index]
      #expect(relativeError(harness.gradient(parameter.name), expected) < 1e-6, "seed \(seed)")
      #expect(abs(scene.gradients.norm(index) / norm(expected) - 1) < 1e-6, "seed \(seed)")
    }
  }
}

struct ClipCase: CustomTestStringConvertible, Sendable {
  let choice: Choice<Clips>
  /// Norms it has seen.
  let past: [Double]
  var testDescription: String { choice.written!.line }
  init(_ choice: Choice<Clips>, past: [Double] = []) {
    (self.choice, self.past) = (choice, past)
  }

  /// Between 0.7 and 1.3.
  static let calm = (0..<40).map { 1 + 0.3 * sin(Double($0)) }

  /// A window that has been told them.
  var window: (any NormWindow)? {
    let window = choice.member.window(steps: past.count)
    for norm in past { window?.admit(norm) }
    return window
  }
}

/// The gradients of a network of one or two dense layers, written by hand and measured.
struct ClipScene {
  let harness: Harness
  let gradients: Gradients
  let nonFinite: Int

  /// Tensors of several sizes, normal with a deviation of `size`.
  /// - Parameter penalized: whether weights can get a penalty's gradient.
  init(seed: UInt64, size: Double, penalized: Bool = false) throws {
    var dice = Dice(seed: seed)
    try self.init(model: [.dense(37), .dense(20)], penalized: penalized) { _, _ in
      Float(dice.normal(size))
    }
  }

  /// One square layer, with the given gradient for (tensor, element).
  init(width: Int, _ value: (Int, Int) -> Float) throws {
    try self.init(model: [.dense(width)], row: width, value)
  }

  private init(
    model: [Choice<Layers>], row: Int = 20, penalized: Bool = false, _ value: (Int, Int) -> Float
  ) throws {
    let recipe = Recipe(
      data: .spirals(), model: model, initializer: .zeros, loss: .meanSquaredError,
      optimizer: .sgd(), training: .init(epochs: 1, batch: 1))
    harness = try Harness(recipe, row: [row], rows: 1)
    for (tensor, parameter) in harness.plan.parameters.enumerated() {
      harness[parameter.buffer.gradient] = (0..<parameter.shape.count).map { value(tensor, $0) }
    }
    gradients = Gradients(
      harness.plan, harness.memory,
      penalized: harness.plan.parameters.map { penalized && $0.role == .weight })
    nonFinite = gradients.measure(l1: 0, l2: 0)
  }

  func apply(_ clip: Choice<Clips>) { clip.member.apply(to: gradients) }
  func apply(_ clip: ClipCase) { clip.choice.member.apply(to: gradients, clip.window) }

  /// What the update will use: the numbers in memory times the factor noted.
  var effective: [[Double]] {
    harness.plan.parameters.enumerated().map { index, parameter in
      harness.gradient(parameter.name).map { Double($0) * Double(gradients.factor(index)) }
    }
  }

  /// Updates the weights, which begin at 0, and returns them.
  func update(_ optimizer: Choice<Optimizers>) -> [Double] {
    let (plan, memory) = (harness.plan, harness.memory)
    for (index, parameter) in plan.parameters.enumerated() {
      _ = optimizer.member.update(
        Update(
          weights: memory[parameter.buffer], gradients: memory[parameter.buffer.gradient],
          count: parameter.buffer.count, scale: gradients.factor(index),
          learningRate: optimizer.member.learningRate, step: 1, firstSlot: memory.base,
          slotStride: 0))
    }
    return plan.parameters.flatMap { harness.parameters[$0.name]! }
  }
}
