import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// The engine's gradients against the twin's, and the twin's against central differences.
@Suite struct GradientTests {
  static let activations: [Named<Choice<Activations>>] = [
    .init(.linear), .init(.relu), .init(.leakyReLU(slope: 0.1)), .init(.prelu()),
    .init(.elu(alpha: 0.7)), .init(.selu), .init(.gelu), .init(.silu), .init(.softplus(beta: 1.5)),
    .init(.sigmoid), .init(.tanh), .init(.hardTanh), .init(.exponential), .init(.softmax),
  ]
  static let losses: [Named<Choice<Losses>>] = [
    .init(.softmaxCrossEntropy), .init(.sigmoidCrossEntropy), .init(.crossEntropy),
    .init(.binaryCrossEntropy), .init(.meanSquaredError), .init(.meanAbsoluteError),
    .init(.huber(delta: 0.6)), .init(.poisson),
  ]

  /// Every activation under every loss, in every arrangement of layers.
  @Test(arguments: activations, losses)
  func agreesWithTheTwin(activation: Named<Choice<Activations>>, loss: Named<Choice<Losses>>) throws
  {
    var tally = Tally()
    for (index, network) in Network.arrangements(of: activation.value).enumerated() {
      let model = network.model + Network.head(for: loss.value)
      let check = GradientCheck(
        name: network.name, model: model, row: network.row, loss: loss.value,
        seed: UInt64(1000 + index))
      tally.add(try check.run())
    }
    #expect(tally.rejected * 10 <= tally.points, "too many kinks: \(tally)")
  }

  /// Activations that can stand right before a loss. A quotient of outputs near 0/0 has no gradient
  /// to compare: cross-entropy takes positive ones.
  static let outputs = losses.flatMap { loss in
    activations.filter {
      loss.value.name != "cross-entropy"
        || ["softplus", "sigmoid", "exponential", "softmax"].contains($0.value.name)
    }.map { ($0, loss) }
  }

  /// The activation itself is the network's output, whether it fits the loss or not.
  @Test(arguments: outputs)
  func agreesAtTheOutput(activation: Named<Choice<Activations>>, loss: Named<Choice<Losses>>) throws
  {
    let check = GradientCheck(
      name: "output", model: [.dense(3, activation: activation.value)], row: [4],
      loss: loss.value, seed: 7)
    let tally = try check.run()
    #expect(tally.rejected * 10 <= tally.points, "too many kinks: \(tally)")
  }

  /// Large weights: saturated outputs, sure and wrong, beyond what the losses clip.
  @Test(arguments: losses) func agreesWhereSaturated(loss: Named<Choice<Losses>>) throws {
    var tally = Tally()
    for seed in UInt64(1)...8 {
      let model: [Choice<Layers>] = [.dense(6), .tanh] + Network.head(for: loss.value)
      let check = GradientCheck(
        name: "saturated", model: model, row: [4], loss: loss.value, seed: seed, scale: 12,
        tolerance: 1e-3)
      tally.add(try check.run())
    }
    #expect(tally.rejected * 10 <= tally.points, "too many kinks: \(tally)")
  }

  /// Two networks of several layers each: every kind of layer at once.
  @Test(arguments: losses) func agreesInDepth(loss: Named<Choice<Losses>>) throws {
    let block: [Choice<Layers>] = [
      .residual([.batchNorm(), .dense(5, activation: .silu), .dropout(0.2), .residual([.tanh])])
    ]
    let model: [Choice<Layers>] = [.dense(5), .repeat(4, block), .prelu()]
    let check = GradientCheck(
      name: "deep", model: model + Network.head(for: loss.value), row: [4], loss: loss.value,
      seed: 3)
    let tally = try check.run()
    #expect(tally.rejected * 10 <= tally.points, "too many kinks: \(tally)")
  }

  /// A check that cannot fail is worth nothing: a wrong gradient must be seen.
  @Test func seesAWrongGradient() throws {
    let check = GradientCheck(
      name: "wrong", model: [.dense(5, activation: .tanh), .dense(3)], row: [4],
      loss: .meanSquaredError, seed: 5)
    let (harness, result) = try check.compute()
    #expect(check.worst(harness, result).error < 1e-5)
    var weights = harness[harness.parameter("dense-2.weight").buffer.gradient]
    weights[3] *= 1.01
    harness[harness.parameter("dense-2.weight").buffer.gradient] = weights
    #expect(check.worst(harness, result).error > 1e-4)
    #expect(check.worst(harness, result).name == "dense-2.weight")
  }
}

/// A value with a label for test output.
struct Named<Value: Sendable>: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let value: Value
}

extension Named {
  init<F: Family>(_ choice: Choice<F>) where Value == Choice<F> {
    self.init(testDescription: choice.name, value: choice)
  }
}

/// A place for an activation among layers.
struct Network {
  let name: String
  let model: [Choice<Layers>]
  var row = [4]

  static func arrangements(of activation: Choice<Activations>) -> [Network] {
    let a = Choice<Layers>(activation.ingredient)
    return [
      Network(name: "dense", model: [.dense(6), a]),
      Network(name: "batch norm", model: [.dense(6), .batchNorm(epsilon: 1e-3), a]),
      Network(name: "batch norm after", model: [.dense(6), a, .batchNorm(epsilon: 1e-3)]),
      Network(name: "residual", model: [.dense(6), .residual([.dense(6), a])]),
      Network(name: "activation as branch", model: [.dense(6), .residual([a])]),
      Network(name: "empty branch", model: [.dense(6), a, .residual([.flatten])]),
      Network(name: "flatten at the input", model: [.residual([.flatten]), .dense(4), a]),
      Network(name: "norm as branch", model: [.dense(5), .residual([.batchNorm(), a])]),
      Network(name: "dropout as branch", model: [.dense(5), .residual([.dropout(0.3), a])]),
      Network(name: "nested", model: [.dense(4), .residual([.residual([.dense(4), a]), a])]),
      Network(name: "repeat", model: [.repeat(2, [.dense(5), a])]),
      Network(name: "dropout", model: [.dense(8), a, .dropout(0.4)]),
      Network(name: "inline", model: [.dense(6, activation: activation)]),
      Network(name: "no bias", model: [.dense(6, bias: false), a]),
      Network(name: "vectors", model: [.dense(3), .batchNorm(), a, .flatten], row: [2, 3]),
    ]
  }

  /// Makes of anything what the loss takes: logits, probabilities or numbers.
  static func head(for loss: Choice<Losses>) -> [Choice<Layers>] {
    switch loss.name {
    case "cross-entropy": [.dense(3), .softmax]
    case "binary-cross-entropy": [.dense(3), .sigmoid]
    default: [.dense(3)]
    }
  }
}

/// How many points were compared with differences, and how many of them lay at a kink.
struct Tally {
  var points = 0
  var rejected = 0

  mutating func add(_ other: Tally) {
    points += other.points
    rejected += other.rejected
  }
}
