import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Recurrent layers against PyTorch's numbers, the twin, central differences and themselves.
@Suite struct RecurrenceTests {
  /// What `Vectors/make_recurrence.py` wrote.
  struct Vectors: Decodable, Sendable {
    let rows, time, features, units: Int
    let cases: [Case]
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let kind: String
    let activation: String?
    let `return`: String
    let truncate: Int?
    let output: [Double]
    let gradients: [String: [Double]]
    var testDescription: String {
      "\(kind) \(activation ?? "") \(self.return) truncate \(truncate ?? 0)"
    }

    func layer(_ units: Int) -> Choice<Layers> {
      let output: RecurrenceOutput = self.return == "last" ? .last : .sequence
      let activations: [String: Choice<Activations>] = [
        "tanh": .tanh, "relu": .relu, "linear": .linear, "sigmoid": .sigmoid,
      ]
      switch kind {
      case "lstm": return .lstm(units, return: output, truncate: truncate)
      case "gru": return .gru(units, return: output, truncate: truncate)
      default:
        return .recurrent(
          units, return: output, truncate: truncate, activation: activations[activation!]!)
      }
    }
  }

  static let vectors =
    ReferenceVectors.read("recurrence.json")
    ?? Vectors(rows: 0, time: 0, features: 0, units: 0, cases: [])

  @Test func vectorsAreThere() { #expect(Self.vectors.cases.count >= 40) }

  private static func wave(_ p: Int, _ count: Int) -> [Double] {
    (0..<count).map { k in
      let k = Double(k)
      return sin(1 + Double(p) + 0.7 * k + 0.05 * k * k)
    }
  }

  /// Parameters as the script sets them, its two biases made one.
  private static func parameters(_ one: Case) -> [String: [Double]] {
    let units = vectors.units
    let rows = one.gradients["bias"]!.count
    var bias = wave(2, rows).map { 0.3 * $0 }
    let other = wave(3, rows).map { 0.3 * $0 }
    let shared = one.kind == "gru" ? 2 * units : rows
    for index in 0..<shared { bias[index] += other[index] }
    let name = "\(one.kind)-1"
    var result = [
      "\(name).weight": wave(0, rows * vectors.features).map { 0.8 * $0 },
      "\(name).recurrent-weight": wave(1, rows * units).map { 0.6 * $0 },
      "\(name).bias": bias,
    ]
    if one.kind == "gru" { result["\(name).recurrent-bias"] = Array(other[shared...]) }
    return result
  }

  @Test(arguments: vectors.cases) func agreesWithPyTorch(_ one: Case) throws {
    let vectors = Self.vectors
    // A dense layer that changes nothing, so that there is a gradient of the inputs.
    let recipe = recipe(
      [.dense(vectors.features, initializer: .identity, bias: false), one.layer(vectors.units)])
    let harness = try Harness(
      recipe, row: [vectors.time, vectors.features], rows: vectors.rows, capacity: vectors.rows + 3)
    let name = "\(one.kind)-1"
    for (key, values) in Self.parameters(one) {
      harness[harness.parameter(key).buffer] = values.map { Float($0) }
    }
    let inputs = Self.wave(4, harness.inputs.count)
    let upstream = Self.wave(5, harness.outputs.count)
    harness.inputs = inputs.map { Float($0) }
    harness.outputGradient = upstream.map { Float($0) }
    #expect(harness.forward() && harness.backward())
    #expect(relativeError(harness.outputs, one.output) < 1e-5)

    let twin = Twin(recipe, row: [vectors.time, vectors.features])
    let perRow = vectors.time * vectors.features
    let exact = Self.parameters(one).merging(["dense-1.weight": identity()]) { a, _ in a }
    let result = twin.run(
      exact, inputs: (0..<vectors.rows).map { Array(inputs[$0 * perRow..<($0 + 1) * perRow]) },
      outputGradient: upstream)
    #expect(distance(result.outputs[name]!, one.output) < 1e-7)
    for (key, expected) in one.gradients {
      let isInput = key == "input"
      let engine =
        isInput ? harness.gradient(of: "dense-1") : harness.gradient("\(name).\(key)")
      let twin =
        isInput ? result.outputGradients["dense-1"]! : result.parameterGradients["\(name).\(key)"]!
      #expect(relativeError(engine, expected) < 1e-5, "\(key)")
      #expect(distance(twin, expected) < 1e-7, "\(key)")
    }
  }

  private func identity() -> [Double] {
    let n = Self.vectors.features
    return (0..<n * n).map { $0 / n == $0 % n ? 1 : 0 }
  }

  private func distance(_ a: [Double], _ b: [Double]) -> Double {
    precondition(a.count == b.count)
    return norm(zip(a, b).map { $0 - $1 }) / max(norm(b), 1e-300)
  }

  // MARK: among other layers, and against differences

  typealias Maker = @Sendable (RecurrenceOutput) -> Choice<Layers>

  static let layers: [Named<Maker>] = [
    .init(testDescription: "recurrent", value: { .recurrent(4, return: $0) }),
    .init(
      testDescription: "recurrent silu", value: { .recurrent(4, return: $0, activation: .silu) }),
    .init(testDescription: "lstm", value: { .lstm(4, return: $0) }),
    .init(testDescription: "gru", value: { .gru(4, return: $0) }),
  ]

  @Test(arguments: layers, [Choice<Losses>.softmaxCrossEntropy, .crossEntropy, .meanSquaredError])
  func agreesAmongLayers(
    _ layer: Named<Maker>, _ loss: Choice<Losses>
  ) throws {
    let head = Network.head(for: loss)
    let networks: [(String, [Choice<Layers>])] = [
      ("last", [layer.value(.last)] + head),
      ("sequence", [layer.value(.sequence)] + head),
      ("stacked", [layer.value(.sequence), layer.value(.last)] + head),
      ("residual", [.dense(4), .residual([layer.value(.sequence)]), layer.value(.last)] + head),
      ("normalised", [layer.value(.sequence), .batchNorm(epsilon: 1e-3), .flatten] + head),
    ]
    var tally = Tally()
    for (index, network) in networks.enumerated() {
      let check = GradientCheck(
        name: network.0, model: network.1, row: [5, 3], loss: loss, seed: UInt64(40 + index))
      tally.add(try check.run())
    }
    #expect(tally.rejected * 10 <= tally.points, "too many kinks: \(tally)")
  }

  /// A sequence of one step: nothing to be multiplied, and the recurrent weight has no gradient.
  @Test(arguments: layers) func oneStep(
    _ layer: Named<Maker>
  ) throws {
    let check = GradientCheck(
      name: "one step", model: [layer.value(.last), .dense(2)], row: [1, 3],
      loss: .meanSquaredError, seed: 9)
    _ = try check.run()
    let (harness, _) = try check.compute()
    let recurrent = harness.plan.parameters.filter { $0.isRecurrent }
    #expect(recurrent.count == 1)
    #expect(harness[recurrent[0].buffer.gradient].allSatisfy { $0 == 0 })
  }

  /// Truncation at the sequence's length is none.
  @Test(arguments: layers.indices) func wholeTruncationIsNone(_ index: Int) throws {
    func gradients(_ truncate: Int?) throws -> [[Float]] {
      let output = RecurrenceOutput.sequence
      let layers: [Choice<Layers>] = [
        .recurrent(4, return: output, truncate: truncate),
        .recurrent(4, return: output, truncate: truncate, activation: .silu),
        .lstm(4, return: output, truncate: truncate), .gru(4, return: output, truncate: truncate),
      ]
      let harness = try Harness(recipe([layers[index]]), row: [6, 2], rows: 3)
      var dice = Dice(seed: 2)
      harness.inputs = dice.normals(harness.inputs.count)
      harness.outputGradient = dice.normals(harness.outputs.count)
      harness.forward()
      harness.backward()
      return harness.plan.parameters.map { harness[$0.buffer.gradient] }
    }
    #expect(try gradients(nil) == gradients(6))
    #expect(try gradients(nil) != gradients(5))
  }

  // MARK: how they begin

  /// The recurrent initializer fills gate by gate, so that each is orthogonal.
  @Test func gatesBeginOrthogonal() throws {
    for (layer, gates) in [
      (Choice<Layers>.recurrent(5), 1), (.lstm(5), 4), (.gru(5), 3),
    ] {
      let harness = try Harness(recipe([layer]), row: [3, 2], rows: 1)
      let recurrent = harness.plan.parameters.filter { $0.isRecurrent }
      let parameter = try #require(recurrent.first)
      #expect(parameter.shape == Shape(gates * 5, 5))
      let values = harness[parameter.buffer].map(Double.init)
      for gate in 0..<gates {
        for (i, j) in [(0, 0), (1, 1), (0, 1), (2, 4), (3, 3)] {
          let product = (0..<5).reduce(0.0) {
            $0 + values[(gate * 5 + i) * 5 + $1] * values[(gate * 5 + j) * 5 + $1]
          }
          #expect(abs(product - (i == j ? 1 : 0)) < 1e-6)
        }
      }
      for bias in harness.plan.parameters.filter({ $0.role == .bias }) {
        #expect(harness[bias.buffer].allSatisfy { $0 == 0 })
      }
    }
  }

  // MARK: non-finite values

  /// A gate would make a number of an infinity: it is seen, and stands in the output.
  @Test(arguments: layers, [Float.infinity, -.infinity, .nan])
  func infinitiesAreSeen(
    _ layer: Named<Maker>, _ bad: Float
  ) throws {
    let harness = try Harness(recipe([layer.value(.sequence)]), row: [4, 3], rows: 2)
    var dice = Dice(seed: 8)
    var inputs = dice.normals(harness.inputs.count)
    harness.inputs = inputs
    #expect(harness.forward())
    inputs[3] = bad  // row 0, step 1
    harness.inputs = inputs
    #expect(!harness.forward())
    let outputs = harness.outputs
    #expect(outputs[..<4].allSatisfy { $0.isFinite }, "the step before")
    #expect(outputs[4..<8].contains { !$0.isFinite }, "the step itself")
    #expect(outputs[16...].allSatisfy { $0.isFinite }, "the other row")
    harness.inputs = dice.normals(harness.inputs.count)
    harness.forward()
    harness.outputGradient = [Float](repeating: 0, count: 31) + [bad]
    #expect(!harness.backward())
  }

  /// As many rows as a last batch has leave the same numbers as a full one.
  @Test(arguments: layers) func fewerRows(
    _ layer: Named<Maker>
  ) throws {
    func run(_ rows: Int) throws -> [[Float]] {
      let harness = try Harness(recipe([layer.value(.last)]), row: [4, 3], rows: 2, capacity: 6)
      harness.rows = 6
      harness.inputs = [Float](repeating: 1, count: harness.inputs.count)
      harness.forward()
      harness.backward()
      harness.rows = rows
      var dice = Dice(seed: 8)
      let inputs = dice.normals(24)
      harness.inputs = inputs + [Float](repeating: 0, count: 12 * (rows - 2))
      harness.outputGradient =
        [Float](repeating: 0.5, count: 8) + [Float](repeating: 0, count: 4 * (rows - 2))
      harness.forward()
      harness.backward()
      return harness.plan.parameters.map { harness[$0.buffer.gradient] }
    }
    for (a, b) in zip(try run(2), try run(5)) {
      #expect(relativeError(a, b.map(Double.init)) < 1e-6)
    }
  }

  private func recipe(_ model: [Choice<Layers>]) -> Recipe {
    Recipe(
      seed: 4, data: .spirals(), model: model, loss: .meanSquaredError, optimizer: .sgd(),
      training: .init(epochs: 1, batch: 1))
  }
}
