import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Networks over images: the engine's gradients against the twin's, the twin's against differences.
@Suite struct ImageGradientTests {
  /// Every setting of a layer beside another's, in places where its input has a gradient.
  static let networks: [Network] = [
    Network(name: "plain", model: [.conv2d(3), .tanh, .flatten]),
    Network(name: "same", model: [.conv2d(3, padding: .same, activation: .silu), .flatten]),
    Network(name: "even kernel", model: [.tanh, .conv2d(3, kernel: 2, padding: .same), .flatten]),
    Network(name: "stride", model: [.tanh, .conv2d(3, stride: 2, padding: 1), .flatten]),
    Network(name: "same stride", model: [.tanh, .conv2d(2, stride: 2, padding: .same), .flatten]),
    Network(name: "gaps", model: [.tanh, .conv2d(2, kernel: 1, stride: 3), .flatten]),
    Network(name: "dilation", model: [.tanh, .conv2d(3, dilation: 2, bias: false), .flatten]),
    Network(
      name: "groups", model: [.conv2d(4), .tanh, .conv2d(6, kernel: 2, groups: 2), .flatten]),
    Network(
      name: "depthwise",
      model: [.conv2d(4), .tanh, .conv2d(4, padding: .same, dilation: 2, groups: 4), .flatten]),
    Network(name: "pointwise", model: [.tanh, .conv2d(3, kernel: 1), .flatten]),
    Network(
      name: "pointwise groups",
      model: [.conv2d(4), .tanh, .conv2d(6, kernel: 1, groups: 2), .flatten]),
    Network(name: "wide padding", model: [.tanh, .conv2d(2, kernel: 2, padding: 3), .flatten]),
    Network(name: "max pool", model: [.conv2d(3), .maxPool2d(), .flatten]),
    Network(
      name: "overlapping max pool",
      model: [.conv2d(3, padding: .same), .maxPool2d(3, stride: 1, padding: 1), .flatten]),
    Network(name: "same max pool", model: [.conv2d(3), .maxPool2d(2, padding: .same), .flatten]),
    Network(name: "sparse max pool", model: [.conv2d(3), .maxPool2d(1, stride: 2), .flatten]),
    Network(name: "average pool", model: [.conv2d(3), .averagePool2d(), .tanh, .flatten]),
    Network(
      name: "overlapping average pool",
      model: [.conv2d(3), .averagePool2d(3, stride: 2, padding: .same), .flatten]),
    Network(name: "global average pool", model: [.conv2d(4), .tanh, .globalAveragePool2d]),
    Network(name: "pool at the input", model: [.averagePool2d(), .flatten]),
    Network(name: "max pool at the input", model: [.maxPool2d(), .flatten]),
    Network(name: "global pool at the input", model: [.globalAveragePool2d]),
    Network(name: "batch norm", model: [.conv2d(3), .batchNorm(epsilon: 1e-3), .tanh, .flatten]),
    Network(
      name: "identity",
      model: [
        .conv2d(3), .residual([.tanh, .conv2d(3, padding: .same)]),
        .residual([.conv2d(3, kernel: 1)]), .residual([.maxPool2d(3, stride: 1, padding: .same)]),
        .residual([.averagePool2d(3, stride: 1, padding: 1)]), .flatten,
      ]),
    Network(
      name: "projection",
      model: [.tanh, .residual([.conv2d(4, padding: .same)], shortcut: .projection), .flatten]),
    Network(
      name: "projection with stride",
      model: [
        .conv2d(3),
        .residual(
          [.conv2d(4, stride: 2, padding: .same), .tanh], shortcut: .projection, stride: 2),
        .flatten,
      ]),
    Network(
      name: "projection of the input",
      model: [
        .residual([.maxPool2d(padding: .same)], shortcut: .projection, stride: 2), .flatten,
      ]),
    Network(
      name: "projection of vectors",
      model: [.dense(3), .residual([.dense(5), .tanh], shortcut: .projection), .flatten]),
    Network(
      name: "projection of a row",
      model: [.flatten, .residual([.dense(5), .tanh], shortcut: .projection)]),
    Network(
      name: "projection beside nothing",
      model: [.flatten, .dense(4), .residual([.flatten], shortcut: .projection)]),
  ]

  @Test(
    arguments: networks.map { Named(testDescription: $0.name, value: $0) },
    [[6, 5, 2], [5, 7, 1]])
  func agreesWithTheTwin(network: Named<Network>, row: [Int]) throws {
    let check = GradientCheck(
      name: network.value.name, model: network.value.model + [.dense(3)], row: row,
      loss: .softmaxCrossEntropy, seed: 21)
    let tally = try check.run()
    #expect(tally.rejected * 10 <= tally.points, "too many kinks: \(tally)")
  }

  /// More output pixels than one block holds, with a rest, and a batch that is not full.
  @Test func blocksDoNotShow() throws {
    let model: [Choice<Layers>] = [
      .tanh, .conv2d(3, padding: .same), .conv2d(4, groups: 1), .flatten, .dense(2),
    ]
    let check = GradientCheck(
      name: "blocks", model: model, row: [7, 7, 230], loss: .meanSquaredError, seed: 4)
    let (harness, result) = try check.compute()
    let worst = check.worst(harness, result)
    #expect(worst.error < 1e-4, "\(worst)")
  }
}

/// What layers over images promise besides their formula.
@Suite struct ImageTests {
  private func harness(
    _ layers: [Choice<Layers>], row: [Int], rows: Int = 1, capacity: Int? = nil
  ) throws -> Harness {
    let recipe = Recipe(
      data: .spirals(), model: layers, initializer: .constant(1), loss: .meanSquaredError,
      optimizer: .sgd(), training: .init(epochs: 1, batch: 1))
    return try Harness(recipe, row: row, rows: rows, capacity: capacity)
  }

  /// A pool with something to train before it, which passes on what it is given.
  private func pool(_ pool: Choice<Layers>, row: [Int]) throws -> Harness {
    try harness([.prelu(slope: 1), pool, .flatten], row: row)
  }

  @Test("a NaN comes out of every pool that sees it", arguments: [Float.nan, .infinity])
  func poolsPassOn(value: Float) throws {
    for layer in [.maxPool2d(3), .averagePool2d(3), Choice<Layers>.globalAveragePool2d] {
      for place in 0..<9 {
        let harness = try pool(layer, row: [3, 3, 1])
        var inputs = (0..<9).map(Float.init)
        inputs[place] = value
        harness.inputs = inputs
        #expect(!harness.forward(), "\(layer.name)")
        #expect(!harness.outputs[0].isFinite, "\(layer.name): \(place)")
      }
    }
  }

  /// −Inf is never the largest, and some pixels are in no window: still they are reported.
  @Test("what no output shows is reported")
  func nothingIsHidden() throws {
    let layers: [Choice<Layers>] = [
      .maxPool2d(2), .averagePool2d(2), .conv2d(1, kernel: 2, stride: 3),
      .conv2d(1, kernel: 2, dilation: 4), .conv2d(1, kernel: 4, stride: 2),
    ]
    for layer in layers {
      // The first layer of a network reads its input unseen by an activation.
      let harness = try harness([layer, .flatten, .dense(1)], row: [5, 5, 1])
      harness.inputs = [Float](repeating: 1, count: 25)
      #expect(harness.forward())
      for value in [Float.nan, -.infinity] {
        for place in 0..<25 {
          harness.inputs = (0..<25).map { $0 == place ? value : 1 }
          let isReported = !harness.forward()
          #expect(
            isReported || harness.outputs.contains { !$0.isFinite }, "\(layer.name): \(place)")
        }
      }
    }
  }

  /// Each gradient goes to the first of the largest, and only there.
  @Test func tiesGoToTheFirst() throws {
    let harness = try pool(.maxPool2d(2), row: [2, 2, 2])
    harness.inputs = [1, 5, 3, 5, 3, 2, 0, 5]
    harness.forward()
    #expect(harness.outputs == [3, 5])
    harness.outputGradient = [10, 20]
    harness.backward()
    #expect(harness.gradient(of: "prelu-1") == [0, 20, 10, 0, 0, 0, 0, 0])
  }

  /// The mean of the largest floats is one; their sum is not.
  @Test(arguments: [Choice<Layers>.averagePool2d(2), .globalAveragePool2d])
  func averagesDoNotOverflow(layer: Choice<Layers>) throws {
    let harness = try pool(layer, row: [2, 2, 1])
    let largest = Float.greatestFiniteMagnitude
    harness.inputs = [largest, largest, -largest, largest]
    #expect(harness.forward())
    #expect(harness.outputs == [largest / 2])
  }

  /// Padding does not count: the mean of ones is one, also at the border.
  @Test(arguments: [Padding.same, 1]) func paddingDoesNotCount(padding: Padding) throws {
    let harness = try pool(.averagePool2d(3, stride: 1, padding: padding), row: [4, 5, 2])
    harness.inputs = [Float](repeating: 1, count: 40)
    harness.forward()
    #expect(harness.outputs.count == 40)
    #expect(harness.outputs.allSatisfy { abs($0 - 1) < 1e-6 })
  }

  /// Rows beyond those in use are neither read nor written.
  @Test func aSmallerBatchIsAlone() throws {
    let model: [Choice<Layers>] = [
      .conv2d(2, padding: .same), .maxPool2d(2), .residual([.conv2d(3)], shortcut: .projection),
    ]
    let square: [Choice<Layers>] = [
      .conv2d(2, padding: .same), .maxPool2d(2),
      .residual([.conv2d(3, padding: .same)], shortcut: .projection), .globalAveragePool2d,
    ]
    #expect(throws: KeelError.self) { try harness(model, row: [4, 4, 1]) }
    let full = try harness(square, row: [4, 4, 1], rows: 3)
    let part = try harness(square, row: [4, 4, 1], rows: 2, capacity: 3)
    let inputs = (0..<48).map { Float($0 % 7) - 3 }
    full.inputs = inputs
    full.forward()
    part.rows = 3
    part.inputs = inputs.prefix(32) + [Float](repeating: .nan, count: 16)
    part.rows = 2
    #expect(part.forward())
    #expect(part.outputs == Array(full.outputs.prefix(6)))
    part.outputGradient = [1, 2, 3, 4, 5, 6]
    #expect(part.backward())
    #expect(part.plan.parameters.allSatisfy { part.gradient($0.name).allSatisfy(\.isFinite) })
  }

  /// Fans of a convolution, in what initializers make of them.
  @Test func initializersKnowTheFans() throws {
    func weights(_ initializer: Choice<Initializers>) throws -> [Double] {
      let recipe = Recipe(
        seed: 3, data: .spirals(),
        model: [.conv2d(64, kernel: 3, groups: 2, initializer: initializer), .flatten],
        loss: .meanSquaredError, optimizer: .sgd(), training: .init(epochs: 1, batch: 1))
      let harness = try Harness(recipe, row: [3, 3, 32], rows: 1)
      #expect(harness.parameter("conv2d-1.weight").shape == Shape(64, 3, 3, 16))
      return harness[harness.parameter("conv2d-1.weight").buffer].map(Double.init)
    }
    func std(_ values: [Double]) -> Double { norm(values) / Double(values.count).squareRoot() }
    #expect(abs(std(try weights(.he())) / (2 / 144.0).squareRoot() - 1) < 0.03)
    #expect(abs(std(try weights(.he(mode: .fanOut))) / (2 / 288.0).squareRoot() - 1) < 0.03)
    #expect(abs(std(try weights(.xavier())) / (1 / 216.0).squareRoot() - 1) < 0.03)
    let rows = try weights(.orthogonal())
    for a in 0..<3 {
      for b in 0..<3 {
        let product = (0..<144).reduce(0) { $0 + rows[a * 144 + $1] * rows[b * 144 + $1] }
        #expect(abs(product - (a == b ? 1 : 0)) < 1e-5)
      }
    }
  }
}
