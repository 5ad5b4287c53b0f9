import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Every optimizer against the twin, and what it says of its own update.
@Suite struct OptimizerTests {
  static let all: [OptimizerCase] = [
    .init(.sgd(learningRate: 0.1)), .init(.sgd(learningRate: 0.1, momentum: 0.9)),
    .init(.sgd(learningRate: 0.1, momentum: 0.9, nesterov: true)),
    .init(.adagrad(learningRate: 0.1)), .init(.adagrad(learningRate: 0.1, initialAccumulator: 0.5)),
    .init(.rmsprop(learningRate: 0.02)), .init(.rmsprop(rho: 0.8, epsilon: 1e-3)),
    .init(.adam(learningRate: 0.02)), .init(.adam(beta1: 0, beta2: 0.9, epsilon: 1e-4)),
    .init(.adamw(learningRate: 0.02, weightDecay: 0.3)),
    .init(.stableAdamw(learningRate: 0.02, weightDecay: 0.3)),
    .init(.stableAdamw(beta1: 0, beta2: 0.9, epsilon: 0.1)),
    .init(.adadelta()), .init(.adadelta(learningRate: 0.3, rho: 0.6, epsilon: 1e-3)),
  ]

  /// Twenty steps, each with a gradient, a rate and a clip's factor of its own; 1,100 elements are
  /// two blocks of a kernel and a tail. A move can be no better than the rounding of the weight it
  /// moves.
  @Test(arguments: all, [9, 1100]) func agreesWithTheTwin(optimizer: OptimizerCase, count: Int) {
    let seed: UInt64 = 31
    var dice = Dice(seed: seed)
    var tensor = Tensor(weights: dice.normals(count), optimizer: optimizer.choice.member)
    var weights = tensor.weights.map(Double.init)
    var twin = TwinOptimizer(optimizer.choice.member, count: count)
    for step in 1...20 {
      let gradients = dice.normals(count, std: dice.uniform(0.01, 3))
      let scale: Float = step % 3 == 0 ? 0.37 : 1
      let rate = optimizer.choice.member.learningRate * dice.uniform(0.5, 1)
      let before = (engine: tensor.weights.map(Double.init), twin: weights)
      let measure = tensor.update(gradients, scale: scale, learningRate: rate, step: step)
      twin.update(
        &weights, gradients.map { Double($0) * Double(scale) }, learningRate: rate, step: step)

      let moves = zip(tensor.weights, before.engine).map { Double($0) - $1 }
      let expected = zip(weights, before.twin).map { $0 - $1 }
      let distance = norm(zip(moves, expected).map { $0 - $1 })
      #expect(
        distance < 4e-6 * norm(expected) + 1e-7 * norm(weights), "seed \(seed), step \(step)")
      #expect(relativeError(tensor.weights, weights) < 2e-6, "seed \(seed), step \(step)")
      for (slot, values) in twin.slots.enumerated() {
        #expect(relativeError(tensor.slot(slot), values) < 2e-6, "seed \(seed), slot \(slot)")
      }
      #expect(abs(measure.updateSquares.squareRoot() / norm(moves) - 1) < 1e-5)
      #expect(abs(measure.weightSquares.squareRoot() / norm(tensor.weights) - 1) < 1e-5)
      #expect(measure.nonFinite == 0)
    }
  }

  /// Same numbers in, same bits out, wherever the clip's factor comes from.
  @Test(arguments: all) func isDeterministic(optimizer: OptimizerCase) {
    func run() -> [Float] {
      var dice = Dice(seed: 4)
      var tensor = Tensor(weights: dice.normals(700), optimizer: optimizer.choice.member)
      for step in 1...5 {
        _ = tensor.update(dice.normals(700), scale: 0.5, learningRate: 0.1, step: step)
      }
      return tensor.weights
    }
    #expect(run() == run())
  }

  /// A gradient that is not finite reaches the weights and is counted; neighbours are untouched.
  @Test(arguments: all, [Float.nan, .infinity, -.infinity])
  func nonFiniteGradientsAreReported(optimizer: OptimizerCase, value: Float) {
    var tensor = Tensor(
      weights: [Float](repeating: 1, count: 600), optimizer: optimizer.choice.member)
    var gradients = [Float](repeating: 0.5, count: 600)
    gradients[599] = value
    let measure = tensor.update(gradients, scale: 1, learningRate: 0.1, step: 1)
    #expect(measure.nonFinite > 0)
    #expect(tensor.weights[..<599].allSatisfy { $0.isFinite && $0 != 0 })
    if optimizer.choice.name == "sgd" { #expect(!tensor.weights[599].isFinite) }
  }

  /// A finite gradient whose square is not: Adam's second moment overflows, and the update says so.
  @Test(arguments: ["adam", "adamw", "stable-adamw", "rmsprop", "adagrad", "adadelta"])
  func squaresThatOverflow(name: String) {
    let optimizer = Self.all.first { $0.choice.name == name }!.choice.member
    var tensor = Tensor(weights: [1, 2, 3], optimizer: optimizer)
    let measure = tensor.update([0.5, 1e25, 1], scale: 1, learningRate: 0.1, step: 1)
    #expect(measure.nonFinite > 0)
    // Scaled back by a clip, the same gradient is an ordinary one.
    var clipped = Tensor(weights: [1, 2, 3], optimizer: optimizer)
    #expect(
      clipped.update([0.5, 1e25, 1], scale: 1e-25, learningRate: 0.1, step: 1).nonFinite == 0)
  }

  /// Weights at the edge of float32 are measured without overflow.
  @Test func measuresDoNotOverflow() {
    let sgd = Choice<Optimizers>.sgd().member
    var tensor = Tensor(weights: [Float](repeating: 1e38, count: 600), optimizer: sgd)
    let gradients = [Float](repeating: 1e38, count: 600)
    let measure = tensor.update(gradients, scale: 1, learningRate: 0.5, step: 1)
    #expect(measure.nonFinite == 0)
    #expect(abs(measure.updateSquares / (600 * 0.25e76) - 1) < 1e-6)
    #expect(abs(measure.weightSquares / (600 * 0.25e76) - 1) < 1e-6)
  }

  /// The classic first steps: Adam and Adagrad lr, RMSprop lr/√(1 − rho), whatever the gradient.
  @Test(arguments: [Float(1e-3), 1, 1e6]) func firstSteps(gradient: Float) {
    func step(_ choice: Choice<Optimizers>) -> Double {
      var tensor = Tensor(weights: [0], optimizer: choice.member)
      _ = tensor.update(
        [gradient], scale: 1, learningRate: choice.member.learningRate, step: 1)
      return -Double(tensor.weights[0])
    }
    #expect(abs(step(.adam()) / 0.001 - 1) < 1e-4)
    #expect(abs(step(.adagrad()) / 0.01 - 1) < 1e-4)
    #expect(abs(step(.rmsprop()) / 0.1 - 1) < 1e-3)
    #expect(abs(step(.sgd()) / (0.01 * Double(gradient)) - 1) < 1e-6)
    #expect(abs(step(.stableAdamw()) / 0.001 - 1) < 1e-4)
    // Until its mean square has forgotten epsilon, Adadelta's depends on the gradient.
    let small = Double(gradient * gradient) / (0.1 * Double(gradient * gradient) + 1e-6)
    #expect(abs(step(.adadelta()) / (1e-6 * small).squareRoot() - 1) < 1e-4)
  }

  @Test func referenceRates() {
    let rates = Self.all.map { type(of: $0.choice.member).referenceRate }
    let expected = ["sgd": 0.01, "adagrad": 0.01, "adadelta": 1]
    for (rate, optimizer) in zip(rates, Self.all) {
      #expect(rate == expected[optimizer.choice.name] ?? 0.001)
    }
  }
}

struct OptimizerCase: CustomTestStringConvertible, Sendable {
  let choice: Choice<Optimizers>
  var testDescription: String { choice.written!.line }
  init(_ choice: Choice<Optimizers>) { self.choice = choice }
}

/// Weights and what an optimizer remembers of them.
struct Tensor {
  private(set) var weights: [Float]
  /// Slot after slot, with a gap between, as in the arena.
  private var slots: [Float]
  private let optimizer: any Optimizer
  private var stride: Int { weights.count + 5 }

  init(weights: [Float], optimizer: any Optimizer) {
    self.weights = weights
    self.optimizer = optimizer
    slots = []
    for initial in optimizer.initialSlots.map(\.value) {
      slots += [Float](repeating: initial, count: weights.count)
      slots += [Float](repeating: .nan, count: 5)
    }
  }

  func slot(_ index: Int) -> [Float] {
    Array(slots[index * stride..<index * stride + weights.count])
  }

  mutating func update(_ gradients: [Float], scale: Float, learningRate: Double, step: Int)
    -> UpdateMeasure
  {
    let (optimizer, count, stride) = (self.optimizer, weights.count, self.stride)
    return weights.withUnsafeMutableBufferPointer { weights in
      slots.withUnsafeMutableBufferPointer { slots in
        gradients.withUnsafeBufferPointer { gradients in
          optimizer.update(
            Update(
              weights: weights.baseAddress!, gradients: gradients.baseAddress!, count: count,
              scale: scale, learningRate: learningRate, step: step,
              firstSlot: slots.baseAddress ?? weights.baseAddress!, slotStride: stride))
        }
      }
    }
  }
}
