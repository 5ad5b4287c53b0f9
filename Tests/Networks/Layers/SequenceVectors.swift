import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// One layer as PyTorch computes it; `Tests/Vectors/make_sequence_layers.py` made the numbers.
struct SequenceVector: Decodable, CustomTestStringConvertible, Sendable {
  struct Tensor: Decodable {
    let name: String
    let shape: [Int]
    let scale: Double
    let offset: Double
    let gradient: [Double]
  }
  let layer: Settings
  let row: [Int]
  let rows: Int
  let parameters: [Tensor]
  let inputs: [Double]
  let output: [Double]
  /// Nil where the inputs are token ids.
  let inputGradient: [Double]?
  var testDescription: String { "\(layer.line) on \(row)" }

  private struct File: Decodable { let cases: [SequenceVector] }

  static let all = (ReferenceVectors.read("sequence-layers.json") as File?)?.cases ?? []

  /// The cases of one layer.
  static func of(_ name: String) -> [SequenceVector] { all.filter { $0.layer[name] != nil } }

  /// As the script has it.
  private static func wave(_ p: Int, _ count: Int, scale: Double, offset: Double = 0) -> [Float] {
    (0..<count).map { index in
      let k = Double(index)
      let angle: Double = 1 + Double(p) + 0.7 * k + 0.05 * k * k
      return Float(scale * sin(angle) + offset)
    }
  }

  /// Compares output and gradients, in the engine and in the twin.
  func check() throws {
    let choice = try Choice<Layers>(layer, SettingsReader(catalog: .standard), .any)
    // An identity before the layer has the gradient of the layer's input.
    let identity: Choice<Layers> = .dense(row.last!, initializer: .identity, bias: false)
    let recipe = Recipe(
      data: .spirals(), model: inputGradient == nil ? [choice] : [identity, choice],
      loss: .meanSquaredError, optimizer: .sgd(), training: .init(epochs: 1, batch: rows))
    // One row more than is used: the last batch of an epoch is smaller.
    let harness = try Harness(recipe, row: row, rows: rows, capacity: rows + 1)
    harness.inputs = inputs.map(Float.init)
    for (p, tensor) in parameters.enumerated() {
      let parameter = harness.parameter(name(tensor))
      #expect(parameter.shape.axes == tensor.shape)
      harness[parameter.buffer] = Self.wave(
        p, parameter.shape.count, scale: tensor.scale, offset: tensor.offset)
    }
    #expect(harness.forward())
    let upstream = Self.wave(9, harness.outputs.count, scale: 0.5)
    harness.outputGradient = upstream
    #expect(harness.backward())
    let size = harness.plan.input.shape.count
    let batch = stride(from: 0, to: inputs.count, by: size).map { start in
      harness.inputs[start..<start + size].map(Double.init)
    }
    let twin = Twin(recipe, row: row).run(
      harness.parameters, inputs: batch, outputGradient: upstream.map(Double.init))

    let layerName = "\(choice.name)-1"
    expect(harness.outputs, twin.outputs[layerName]!, output, "output")
    for tensor in parameters {
      let name = name(tensor)
      expect(
        harness.gradient(name), twin.parameterGradients[name]!, tensor.gradient,
        "gradient of \(name)")
    }
    if let inputGradient {
      expect(
        harness.gradient(of: "dense-1"), twin.outputGradients["dense-1"]!, inputGradient,
        "gradient of the input")
    }
  }

  private func name(_ tensor: Tensor) -> String {
    guard case .map(let entries) = layer.node else { preconditionFailure("a layer has settings") }
    return "\(entries[0].key)-1.\(tensor.name)"
  }

  private func expect(
    _ engine: [Float], _ twin: [Double], _ expected: [Double], _ what: String
  ) {
    let floor = 1e-3 * norm(parameters.flatMap(\.gradient))
    #expect(relativeError(engine, expected, floor: floor) < 1e-4, "\(what), engine")
    let distance = norm(zip(twin, expected).map { $0 - $1 })
    #expect(distance <= 1e-5 * max(norm(expected), floor), "\(what), twin")
  }
}

/// A recipe around layers, for tests of one of them.
func recipe(_ model: [Choice<Layers>], seed: UInt64 = 6) -> Recipe {
  Recipe(
    seed: seed, data: .spirals(), model: model, loss: .meanSquaredError, optimizer: .sgd(),
    training: .init(epochs: 1, batch: 4))
}

/// What planning a model says of a row that does not fit; `planned` where it does.
func refusal(_ model: [Choice<Layers>], row: [Int]) -> String {
  do {
    _ = try recipe(model).plan(row: Shape(row), capacity: 2)
    return "planned"
  } catch { return "\(error)" }
}
