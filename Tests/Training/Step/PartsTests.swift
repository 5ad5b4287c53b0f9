import Allocations
import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import KeelTraining
import Testing

/// A pass in parts of the rows: the same numbers as of all rows at once, and the same bits whatever
/// the number of threads.
@Suite(.serialized) struct PartsTests {
  struct Form: CustomStringConvertible, Sendable {
    let description: String
    let input: [Int]
    let model: [Choice<Layers>]
    var batch = 32
    var optimizer = Choice<Optimizers>.adam(learningRate: 1e-3)
    /// Token ids of so many, instead of numbers.
    var tokens: Int?
    /// Kinds of layers that take all rows at once.
    var whole: Set<String> = ["dense"]
  }

  private static func conv(_ filters: Int, stride: Int = 1) -> [Choice<Layers>] {
    [.conv2d(filters, stride: stride, padding: .pixels(1), bias: false), .batchNorm()]
  }

  private static let residual: [Choice<Layers>] = {
    let first = conv(16) + [.relu] + conv(16)
    let second = conv(32, stride: 2) + [.relu] + conv(32)
    return conv(16) + [
      .relu, .residual(first), .relu, .residual(second, shortcut: .projection, stride: 2),
      .globalAveragePool2d, .dense(10),
    ]
  }()

  static let forms: [Form] = [
    Form(
      description: "convolutions", input: [16, 16, 3],
      model: [
        .conv2d(12, padding: .same), .relu, .maxPool2d(), .conv2d(20, kernel: 5), .prelu(),
        .averagePool2d(), .flatten, .dense(10),
      ], batch: 30),
    Form(
      description: "residual", input: [16, 16, 3], model: residual,
      whole: ["dense", "batch-norm"]),
    Form(
      description: "groups", input: [12, 12, 8],
      model: [
        .conv2d(32, groups: 2), .groupNorm(4), .gelu, .conv2d(4, kernel: 1), .dropout(0.3),
        .flatten, .dense(10),
      ], optimizer: .sgd(learningRate: 0.01, momentum: 0.9)),
    Form(
      description: "transformer", input: [32],
      model: [
        .embedding(40, 64, positions: true),
        .residual([.layerNorm(), .attention(heads: 4, causal: true)]),
        .residual([.rmsNorm(), .dense(128), .gelu, .dropout(0.1), .dense(64)]), .dense(40),
      ], batch: 20, optimizer: .stableAdamw(), tokens: 40, whole: []),
    Form(
      description: "normalised attention", input: [24, 32],
      model: [.attention(heads: 2, normalize: true), .layerNorm(), .flatten, .dense(10)]),
    Form(
      description: "lstm", input: [20, 3], model: [.lstm(96), .dense(10)],
      optimizer: .rmsprop(learningRate: 1e-3)),
    Form(description: "gru", input: [20, 3], model: [.gru(96), .dense(10)]),
    Form(description: "recurrent", input: [20, 3], model: [.recurrent(128), .dense(10)]),
    Form(
      description: "wide", input: [300],
      model: [.dense(700), .relu, .batchNorm(), .dense(700), .tanh, .softmax, .dense(10)],
      batch: 100, optimizer: .adamw(), whole: ["dense", "batch-norm"]),
    Form(
      description: "deep", input: [64],
      model: [.repeat(20, [.dense(64), .tanh]), .dense(10)], batch: 128,
      optimizer: .adagrad(learningRate: 0.01), whole: ["dense", "tanh"]),
  ]

  private static func problem(_ form: Form) throws -> Problem {
    var recipe = Recipe(
      data: .spirals(), model: form.model, initializer: .he(), loss: .softmaxCrossEntropy,
      optimizer: form.optimizer, clipping: [.globalNorm(1)], regularizer: [.l2(1e-4)],
      training: .init(epochs: 2, batch: form.batch))
    recipe.input = .init(form.input)
    var random = Random(seed: 3, stream: "parts")
    let (count, width) = (3 * form.batch + 5, form.input.reduce(1, *))
    if let tokens = form.tokens {
      let ids = (0..<count).map { _ in
        (0...width).map { _ in Int.random(in: 0..<tokens, using: &random) }
      }
      return try Problem(
        recipe,
        train: Examples(
          inputs: ids.map { $0.dropLast().map(Float.init) }, classes: ids.map { Array($0[1...]) }))
    }
    let inputs = (0..<count).map { _ in (0..<width).map { _ in Float(random.normal()) } }
    return try Problem(
      recipe, train: Examples(inputs: inputs, classes: (0..<count).map { $0 % 10 }))
  }

  /// All that a training changes, after its steps.
  private static func train(_ form: Form, threads: Int) throws -> [UInt32] {
    MatrixProducts.use(threads: threads)
    let trainer = try Trainer(problem(form))
    #expect(trainer.train().explosion == nil)
    let step = trainer.trainingStep
    return (0..<step.plan.persistentFloats).map { step.memory.base[$0].bitPattern }
  }

  @Test(arguments: forms) func sameBitsOnAnyNumberOfThreads(_ form: Form) throws {
    defer { MatrixProducts.use(threads: ProcessInfo.processInfo.activeProcessorCount) }
    let one = try Self.train(form, threads: 1)
    for threads in 2...4 { #expect(try Self.train(form, threads: threads) == one) }
  }

  /// What can be is, and what is small or needs the whole batch is not.
  @Test(arguments: forms) func layersInParts(_ form: Form) throws {
    let plan = try Trainer(Self.problem(form)).trainingStep.plan
    let inParts = Set(plan.layersInParts)
    let whole = Set(plan.operations.map(\.layer).filter { !inParts.contains($0) }.map(Self.kind))
    #expect(whole == form.whole)
  }

  /// `conv2d` of `conv2d-1`.
  private static func kind(_ layer: String) -> String {
    layer.split(separator: "-").dropLast().joined(separator: "-")
  }

  /// On one thread, whose allocations are counted: what it does in parts others would do.
  @Test(.enabled(if: allocations_are_counted() != 0), arguments: forms)
  func partsAllocateNothing(_ form: Form) throws {
    MatrixProducts.use(threads: 1)
    defer { MatrixProducts.use(threads: ProcessInfo.processInfo.activeProcessorCount) }
    let trainer = try Trainer(Self.problem(form))
    for _ in 0..<3 { trainer.advance() }
    let before = allocations_of_this_thread()
    for _ in 0..<4 { trainer.advance() }
    #expect(allocations_of_this_thread() - before == 0)
    #expect(trainer.trace.count == 7)
  }

  /// A number that is not finite, in one part of the rows.
  @Test func aPartIsHeard() throws {
    let form = Self.forms[0]
    let step = try Trainer(Self.problem(form)).trainingStep
    let pass = step.pass(rows: form.batch, mode: .training, position: 1)
    Self.fill(pass, step, form)
    #expect(step.plan.forward(pass))
    for row in [0, 13, form.batch - 1] {
      pass[step.plan.input.value][row * step.plan.input.shape.count + 7] = .nan
      #expect(!step.plan.forward(pass))
      Self.fill(pass, step, form)
    }
  }

  /// Kernel by kernel, all rows at once; then the plan, which cuts them.
  @Test(arguments: forms) func partsAddUp(_ form: Form) throws {
    let trainer = try Trainer(Self.problem(form))
    let step = trainer.trainingStep
    for rows in [form.batch, form.batch - 3] {
      let pass = step.pass(rows: rows, mode: .training, position: 1)
      Self.fill(pass, step, form)
      for operation in step.plan.operations { #expect(operation.forward(pass)) }
      let output = Array(pass.values(step.plan.output.value))
      _ = step.recipe.loss.member.mean(step.batch(pass, wantsGradient: true))
      for operation in step.plan.operations.reversed() {
        #expect(operation.kernel.backward(pass, operation.accumulation))
      }
      let gradients = step.plan.parameters.map { Array(pass.values($0.buffer.gradient)) }

      Self.fill(pass, step, form)
      #expect(step.plan.forward(pass))
      #expect(Self.difference(Array(pass.values(step.plan.output.value)), output) < 1e-5)
      _ = step.recipe.loss.member.mean(step.batch(pass, wantsGradient: true))
      #expect(step.plan.backward(pass))
      for (parameter, gradient) in zip(step.plan.parameters, gradients) {
        let parts = Array(pass.values(parameter.buffer.gradient))
        #expect(Self.difference(parts, gradient) < 1e-4, "\(parameter.name), \(rows) rows")
      }
    }
  }

  /// Gradients that share memory, and those that are all kept: the same bits of every parameter's.
  @Test(arguments: forms) func sharedMemoryChangesNothing(_ form: Form) throws {
    let trainer = try Trainer(Self.problem(form))
    let (recipe, shape) = (trainer.trainingStep.recipe, trainer.data.shape)
    MatrixProducts.use(threads: 4)
    defer { MatrixProducts.use(threads: ProcessInfo.processInfo.activeProcessorCount) }
    var gradients: [[[UInt32]]] = []
    var floats: [Int] = []
    for keepsGradients in [true, false] {
      let plan = try recipe.plan(
        row: shape, capacity: form.batch, keepsGradients: keepsGradients)
      let step = try TrainingStep(recipe, plan: plan)
      floats.append(plan.floats)
      for rows in [form.batch, form.batch - 3] {
        let pass = step.pass(rows: rows, mode: .training, position: 1)
        Self.fill(pass, step, form)
        #expect(step.forward(pass).isFinite)
        #expect(step.backward(pass))
        gradients.append(
          plan.parameters.map { pass.values($0.buffer.gradient).map(\.bitPattern) })
        // And on one thread, operation by operation.
        #expect(step.forward(pass).isFinite)
        #expect(step.backward(pass, before: { _, _ in }))
        gradients.append(
          plan.parameters.map { pass.values($0.buffer.gradient).map(\.bitPattern) })
      }
    }
    for (index, kept) in gradients.prefix(4).enumerated() {
      #expect(kept == gradients[index / 2 * 2])
      #expect(kept == gradients[4 + index], "\(index)")
    }
    #expect(floats[1] <= floats[0])
  }

  private static func fill(_ pass: Pass, _ step: TrainingStep, _ form: Form) {
    var random = Random(seed: 5, stream: "rows")
    let inputs = pass.values(step.plan.input.value)
    for index in inputs.indices {
      inputs[index] =
        form.tokens.map { Float(Int.random(in: 0..<$0, using: &random)) }
        ?? Float(random.normal())
    }
    let targets = pass.values(step.plan.targets)
    let classes = step.plan.output.shape.last
    for index in targets.indices { targets[index] = index % classes == 3 ? 1 : 0 }
  }

  /// The length of the difference over that of what is expected.
  private static func difference(_ a: [Float], _ b: [Float]) -> Double {
    let distance = zip(a, b).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
    let length = b.reduce(0.0) { $0 + Double($1) * Double($1) }
    return (distance / max(length, 1e-12)).squareRoot()
  }
}
