import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// What a plan promises: names, places, who overwrites and who adds, and errors before any memory.
@Suite struct PlanTests {
  // MARK: names

  @Test func namesCountKindsDepthFirst() throws {
    let plan = try plan([
      .repeat(5, [.dense(4), .residual([.dense(4, activation: .tanh), .batchNorm()])]), .relu,
      .flatten, .linear, .dense(3, bias: false),
    ])
    #expect(
      plan.operations.map(\.layer).prefix(8) == [
        "dense-1", "dense-2", "tanh-1", "batch-norm-1", "residual-1", "dense-3", "dense-4",
        "tanh-2",
      ])
    #expect(plan.operations.last?.layer == "dense-11")
    #expect(plan.parameters.last?.name == "dense-11.weight", "without a bias")
    #expect(plan.parameters.last?.shape == Shape(3, 4))
    #expect(
      plan.parameters.map(\.name).prefix(6) == [
        "dense-1.weight", "dense-1.bias", "dense-2.weight", "dense-2.bias", "batch-norm-1.weight",
        "batch-norm-1.bias",
      ])
    #expect(plan.layers.prefix(4) == ["dense-1", "dense-2", "batch-norm-1", "dense-3"])
    #expect(plan.states.map(\.name).prefix(2) == ["batch-norm-1.mean", "batch-norm-1.variance"])
  }

  // MARK: memory

  @Test func buffersDoNotOverlap() throws {
    let plan = try plan(
      [
        .dense(5), .residual([.batchNorm(), .dropout(), .dense(5, activation: .prelu())]),
        .dense(3),
      ], capacity: 7, optimizer: .adam(), keepsGradients: true)
    var taken: [Range<Int>] = []
    var buffers = plan.parameters.map(\.buffer) + plan.states.map(\.buffer)
    buffers += plan.operations.flatMap { [$0.output.value, $0.output.gradient!] }
    buffers.append(plan.input.value)
    for buffer in buffers {
      let place = plan.place(of: buffer)
      let range = place..<place + buffer.count(rows: plan.capacity)
      #expect(place % 16 == 0, "aligned to 64 bytes")
      #expect(range.upperBound <= plan.floats)
      #expect(!taken.contains { $0.overlaps(range) })
      taken.append(range)
    }
    #expect(plan.count(.gradients) == plan.count(.parameters))
    #expect(plan.count(.slots) == 2 * plan.count(.parameters))
    let last = plan.parameters.last!
    #expect(
      plan.slot(1, of: last).offset + last.buffer.count <= plan.count(.slots), "the last slot fits")
    #expect(plan.persistentFloats == 3 * plan.count(.parameters) + plan.count(.state))
  }

  /// However deep a stack is, two gradients of its width are enough.
  @Test(arguments: [10, 200]) func gradientsOfAStackShareMemory(depth: Int) throws {
    let layers = (0..<depth).flatMap { _ -> [Choice<Layers>] in [.dense(64), .tanh] }
    let plan = try plan(layers + [.dense(16)], capacity: 8)
    #expect(plan.count(.signalGradients) == 8 * 2 * 64)
    // They grow towards the input, as in a convolutional network, and are 16 apart.
    let cone = try self.plan((0..<depth).map { .dense(16 * (depth - $0)) }, capacity: 8)
    #expect(cone.count(.signalGradients) == 8 * 16 * (depth + depth - 1))
  }

  /// The gradient of a branch's input is kept until the branch is through.
  @Test func aBranchKeepsTheGradientOfItsInput() throws {
    let plan = try plan(
      [.dense(32), .residual([.dense(32), .tanh, .dense(32)]), .dense(16)], capacity: 8)
    #expect(plan.count(.signalGradients) == 8 * 3 * 32)
  }

  /// A residual's input has two readers: the last in forward order overwrites, the other adds.
  @Test func twoReadersOverwriteAndAdd() throws {
    let plan = try plan([.dense(4), .residual([.residual([.tanh]), .dense(4)])])
    let flags = Dictionary(
      uniqueKeysWithValues: plan.operations.map { ($0.layer, $0.accumulation) })
    #expect(flags["residual-1"] == [], "the outer sum, last of all, overwrites both its inputs")
    #expect(flags["dense-2"] == [], "the only reader of the inner sum")
    #expect(flags["residual-2"] == .input(1), "the inner shortcut adds to what the outer one left")
    #expect(flags["tanh-1"] == .input(0), "and the branch to both")
    #expect(flags["dense-1"] == [])
    let empty = try self.plan([.dense(4), .residual([.flatten])])
    #expect(empty.operations.last?.accumulation == .input(1), "one signal, read twice by one sum")
  }

  /// Nothing of the step before is left: garbage in every signal and gradient changes no result.
  @Test func stepsDoNotSeeTheOneBefore() throws {
    let model: [Choice<Layers>] = [
      .dense(5), .residual([.residual([.batchNorm(), .gelu]), .dropout(0.3), .dense(5)]),
      .residual([.flatten]), .prelu(), .softmax, .dense(2, bias: false),
    ]
    let clean = try scene(model, rows: 6)
    let dirty = try scene(model, rows: 6, poisoned: true)
    #expect(results(clean) == results(dirty))
    #expect(results(clean).allSatisfy { $0.allSatisfy { $0.isFinite } })
    #expect(results(clean) == results(clean), "and a second time the same")
  }

  /// Room for more rows changes nothing for the rows that are there.
  @Test(arguments: [1, 5, 32]) func fewerRowsThanCapacity(rows: Int) throws {
    let model: [Choice<Layers>] = [
      .dense(6), .batchNorm(), .silu, .residual([.dense(6), .tanh]), .dense(2),
    ]
    let exact = try scene(model, rows: rows)
    let roomy = try scene(model, rows: rows, capacity: 100, poisoned: true)
    #expect(results(exact) == results(roomy))
  }

  /// One row is a batch: batch norm then gives its bias, and passes no gradient on.
  @Test func batchOfOne() throws {
    let harness = try scene([.dense(6), .batchNorm(), .tanh, .dense(2)], rows: 1)
    _ = results(harness)
    #expect(harness.output(of: "batch-norm-1").allSatisfy { $0 == 0 })
    #expect(harness.gradient(of: "dense-1").allSatisfy { $0 == 0 })
    #expect(harness.gradient("batch-norm-1.bias").contains { $0 != 0 })
    harness.commit()
    let variance = harness.plan.states.first { $0.name == "batch-norm-1.variance" }!.buffer
    #expect(harness[variance].allSatisfy { abs($0 - 0.9) < 1e-6 }, "momentum 0.1 towards 0")
  }

  // MARK: initial values

  /// Each parameter draws from a stream of its own name: layers added before it change nothing.
  @Test func streamsAreNamed() throws {
    let short = try scene([.dense(4), .dense(3)], rows: 1)
    let long = try scene([.dense(4), .batchNorm(), .prelu(), .dense(3), .dense(9)], rows: 1)
    for name in ["dense-1.weight", "dense-2.weight"] {
      #expect(short[short.parameter(name).buffer] == long[long.parameter(name).buffer])
    }
    let first = short[short.parameter("dense-1.weight").buffer]
    #expect(first.prefix(12) != short[short.parameter("dense-2.weight").buffer].prefix(12))
  }

  @Test func bitsRepeat() throws {
    let model: [Choice<Layers>] = [.dense(64), .dropout(), .relu, .dense(3)]
    #expect(results(try scene(model, rows: 32)) == results(try scene(model, rows: 32)))
    #expect(results(try scene(model, rows: 32)) != results(try scene(model, rows: 32, seed: 2)))
  }

  // MARK: helpers

  func plan(
    _ model: [Choice<Layers>], capacity: Int = 3, optimizer: Choice<Optimizers> = .sgd(),
    keepsGradients: Bool = false
  ) throws -> Plan {
    try recipe(model, optimizer: optimizer).plan(
      row: Shape(4), capacity: capacity, keepsGradients: keepsGradients)
  }

  private func recipe(
    _ model: [Choice<Layers>], seed: UInt64 = 1, optimizer: Choice<Optimizers> = .sgd()
  ) -> Recipe {
    Recipe(
      seed: seed, data: .spirals(), model: model, loss: .meanSquaredError, optimizer: optimizer,
      training: .init(epochs: 1, batch: 1))
  }

  /// A batch of random rows; `poisoned` with NaN wherever a step should write before it reads.
  private func scene(
    _ model: [Choice<Layers>], rows: Int, capacity: Int? = nil, seed: UInt64 = 1,
    poisoned: Bool = false
  ) throws -> Harness {
    let harness = try Harness(recipe(model, seed: seed), row: [4], rows: rows, capacity: capacity)
    if poisoned {
      let floats = harness.plan.persistentFloats..<harness.plan.floats
      for place in floats { harness.memory.base[place] = .nan }
    }
    var dice = Dice(seed: 17)
    harness.inputs = dice.normals(harness.inputs.count)
    harness.targets = dice.normals(harness.outputs.count)
    return harness
  }

  /// Everything a step computes.
  private func results(_ harness: Harness) -> [[Float]] {
    harness.forward()
    _ = harness.loss()
    harness.backward()
    return harness.layers.flatMap { [harness.output(of: $0), harness.gradient(of: $0)] }
      + harness.plan.parameters.map { harness.gradient($0.name) }
  }
}
