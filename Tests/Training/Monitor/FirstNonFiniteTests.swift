import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

/// A NaN, +∞ or −∞ put into each layer of a 20-layer network, in each pass: the first of them is
/// named.
struct FirstNonFiniteTests {
  static let poisons: [Float] = [.nan, .infinity, -.infinity]
  static let step = 3

  /// Dense layers of widths 11, 12, …, so that a parameter is known by its size.
  static func deep(
    _ activation: Choice<Layers>, optimizer: Choice<Optimizers> = .sgd(learningRate: 1e-9)
  ) -> Recipe {
    Recipe(
      name: "deep", data: .regression(samples: 64, features: 10, noise: 0.1),
      model: (1...19).flatMap { [.dense(10 + $0), activation] } + [.dense(1)], initializer: .he(),
      loss: .meanSquaredError, optimizer: optimizer, training: .init(epochs: 10, batch: 16))
  }

  /// What comes out of a kernel, with one number of it replaced at one position.
  struct PoisonedKernel: Kernel {
    let healthy: any Kernel
    let forward, backward: Buffer?
    let value: Float
    var isRowwise: Bool { healthy.isRowwise }

    func prepare(_ pass: Pass) { healthy.prepare(pass) }

    func forward(_ pass: Pass) -> Bool {
      let result = healthy.forward(pass)
      if let forward, pass.position == FirstNonFiniteTests.step { pass[forward][1] = value }
      return result
    }

    func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
      let result = healthy.backward(pass, accumulation)
      if let backward, pass.position == FirstNonFiniteTests.step { pass[backward][1] = value }
      return result
    }
  }

  @Test(arguments: [Choice<Layers>.relu, .tanh, .leakyReLU(), .dropout(0.3)])
  func forward(_ activation: Choice<Layers>) throws {
    let healthy = try Trainer(Problem(Self.deep(activation)))
    for (index, operation) in healthy.trainingStep.plan.operations.enumerated() {
      for value in Self.poisons {
        let trainer = try Trainer(Problem(Self.deep(activation)))
        trainer.trainingStep.plan.operations[index].kernel = PoisonedKernel(
          healthy: operation.kernel, forward: operation.output.value, backward: nil, value: value)
        let explosion = try #require(trainer.train().explosion)
        #expect(explosion.place == operation.layer, "\(value) in \(operation.layer)")
        #expect(explosion.pass == .forward)
        #expect(explosion.step == Self.step)
        #expect(explosion.kind == .nonFinite)
      }
    }
  }

  @Test(arguments: [Choice<Layers>.relu, .tanh, .leakyReLU(), .dropout(0.3)])
  func backward(_ activation: Choice<Layers>) throws {
    let healthy = try Trainer(Problem(Self.deep(activation)))
    for (index, operation) in healthy.trainingStep.plan.operations.enumerated() {
      // The first layer hands no gradient down; its weight's is poisoned instead.
      let target = operation.inputs[0].gradient ?? operation.parameters[0].gradient
      let place = operation.inputs[0].gradient == nil ? "dense-1.weight" : operation.layer
      for value in Self.poisons {
        let trainer = try Trainer(Problem(Self.deep(activation)))
        trainer.trainingStep.plan.operations[index].kernel = PoisonedKernel(
          healthy: operation.kernel, forward: nil, backward: target, value: value)
        let explosion = try #require(trainer.train().explosion)
        #expect(explosion.place == place, "\(value) in \(operation.layer)")
        #expect(explosion.pass == .backward)
        #expect(explosion.step == Self.step)
      }
    }
  }

  /// A number of the last row, in layers that take the rows in parts: the layer is named all the
  /// same.
  @Test func backwardInParts() throws {
    var recipe = Recipe(
      data: .regression(samples: 64, features: 256, noise: 0.1),
      model: [
        .conv2d(16, padding: .same), .relu, .conv2d(16, padding: .same), .tanh, .maxPool2d(),
        .conv2d(16, padding: .same), .relu, .flatten, .dense(1),
      ], initializer: .he(), loss: .meanSquaredError, optimizer: .sgd(learningRate: 1e-9),
      training: .init(epochs: 10, batch: 32))
    recipe.input = .init([16, 16, 1])
    let plan = try Trainer(Problem(recipe)).trainingStep.plan
    #expect(plan.layersInParts.contains("conv2d-3"))
    for (index, operation) in plan.operations.enumerated().dropFirst() {
      let trainer = try Trainer(Problem(recipe))
      trainer.trainingStep.plan.operations[index].kernel = LastRowPoisoned(
        healthy: operation.kernel, input: operation.inputs[0], batch: 32)
      let explosion = try #require(trainer.train().explosion)
      #expect(explosion.place == operation.layer, "\(operation.layer)")
      #expect(explosion.pass == .backward)
    }
  }

  /// A NaN in the gradient of the last row's input.
  struct LastRowPoisoned: Kernel {
    let healthy: any Kernel
    let input: Signal
    let batch: Int
    var isRowwise: Bool { healthy.isRowwise }

    func prepare(_ pass: Pass) { healthy.prepare(pass) }
    func forward(_ pass: Pass) -> Bool { healthy.forward(pass) }

    func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
      let result = healthy.backward(pass, accumulation)
      if let gradient = input.gradient, pass.firstRow + pass.rows == batch {
        pass.values(gradient)[gradient.count(rows: pass.rows) - 1] = .nan
      }
      return result
    }
  }

  /// Of finite gradients and a penalty that overflows.
  @Test func backwardOfThePenalty() throws {
    var recipe = Self.deep(.relu)
    recipe.model = [.dense(1)]
    recipe.initializer = .constant(1e34)
    recipe.regularizer = [.l2(1e5)]
    recipe.data = .regression(samples: 64, features: 2, noise: 1e-30)
    let problem = try Problem(recipe)
    let trainer = try Trainer(problem)
    trainer.trainingStep.disturb = { _, step in
      // Outputs of about 1: neither the loss nor its gradient is large.
      step.pass(rows: 16, mode: .training, position: 0).values(step.plan.input.value)
        .update(repeating: 1e-34)
    }
    let explosion = try #require(trainer.train().explosion)
    #expect(explosion.place == "dense-1.weight")
    #expect(explosion.pass == .backward)
  }

  /// Gradient descent that writes `poison` into the one tensor of `target` elements.
  struct PoisonedSGD: Optimizer {
    static let name = "poisoned-sgd"
    static let summary = "for tests"
    static let fields: [Field<PoisonedSGD>] = [
      .init("learning-rate", \.learningRate, "the rate"), .init("target", \.target, "whom"),
      .init("poison", \.poison, "its bits"),
    ]
    var learningRate = 0.001
    var target = 0
    var poison = UInt64(0)
    var initialSlots: KeyValuePairs<String, Float> { [:] }
    init() {}

    func update(_ tensor: Update) -> UpdateMeasure {
      var sgd = SGD()
      sgd.learningRate = learningRate
      if tensor.step == FirstNonFiniteTests.step + 1, tensor.count == target {
        tensor.weights[0] = Float(bitPattern: UInt32(poison))
      }
      return sgd.update(tensor)
    }
  }

  @Test(arguments: [Choice<Layers>.relu, .tanh])
  func update(_ activation: Choice<Layers>) throws {
    for layer in 1...19 {
      for value in Self.poisons {
        var optimizer = PoisonedSGD()
        optimizer.target = (10 + layer) * (layer == 1 ? 10 : 9 + layer)
        optimizer.poison = UInt64(value.bitPattern)
        let trainer = try Trainer(Problem(Self.deep(activation, optimizer: Choice(optimizer))))
        let explosion = try #require(trainer.train().explosion)
        #expect(explosion.place == "dense-\(layer).weight", "\(value)")
        #expect(explosion.pass == .update)
        #expect(explosion.step == Self.step)
      }
    }
  }

  @Test func dataAreBlamedForWhatTheyHold() throws {
    let inputs: [[Float]] = (0..<32).map { [Float($0), $0 == 20 ? .nan : 1] }
    let targets: [[Float]] = (0..<32).map { [Float($0)] }
    let recipe = Recipe(
      data: .spirals(), model: [.dense(4), .tanh, .dense(1)], loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 1e-6), training: .init(epochs: 1, batch: 32))
    let run = try Trainer(Problem(recipe, train: Examples(inputs: inputs, targets: targets)))
    let explosion = try #require(run.train().explosion)
    #expect(explosion.place == "input")
    #expect(explosion.origin == .input)
    var infinite = targets
    infinite[3] = [.infinity]
    let clean = inputs.map { [$0[0], 1] }
    let other = try Trainer(Problem(recipe, train: Examples(inputs: clean, targets: infinite)))
    #expect(other.train().explosion?.place == "targets")
  }

  /// 0/0 in a loss on probabilities is invalid, not an overflow.
  @Test func originsAreToldApart() throws {
    let dead = Recipe(
      data: .blobs(samples: 64, classes: 3), model: [.dense(3, initializer: .zeros), .relu],
      loss: .crossEntropy, optimizer: .sgd(), training: .init(epochs: 1, batch: 64))
    let invalid = try #require(try Trainer(Problem(dead)).train().explosion)
    #expect(invalid.origin == .invalid)
    #expect(invalid.place == "loss")
    #expect(invalid.step == 0)
    let huge = Recipe(
      data: .regression(samples: 64),
      model: [
        .dense(4, initializer: .normal(std: 1e20)), .dense(1, initializer: .normal(std: 1e20)),
      ],
      loss: .meanSquaredError, optimizer: .sgd(), training: .init(epochs: 1, batch: 64))
    let overflow = try #require(try Trainer(Problem(huge)).train().explosion)
    #expect(overflow.origin == .overflow)
    #expect(overflow.place == "dense-2")
  }
}
