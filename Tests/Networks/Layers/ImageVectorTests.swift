import Foundation
import KeelEngine
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Layers over images against PyTorch in double; `Tests/Vectors/make_images.py` made the numbers.
struct ImageVectorTests {
  struct Case: Decodable, CustomTestStringConvertible {
    let model: Settings
    let shape: [Int]
    let rounded: Bool
    let outputShape: [Int]
    let output: [Double]
    let inputGradient: [Double]
    let gradients: [String: [Double]]

    var testDescription: String { "\(layer?.line ?? "?") on \(shape)" }
    var layer: Settings? {
      guard case .list(let layers) = model.node else { return nil }
      return layers.last
    }
  }

  private struct Vectors: Decodable { let cases: [Case] }

  static let cases = (ReferenceVectors.read("images.json") as Vectors?)?.cases ?? []

  @Test func vectorsAreThere() { #expect(Self.cases.count >= 40) }

  @Test(arguments: cases) func agreesWithPyTorch(_ example: Case) throws {
    let harness = try example.harness()
    #expect(harness.plan.output.shape.axes == example.outputShape)
    harness.forward()
    harness.outputGradient = wave(20, example.output.count)
    harness.backward()
    let twin = Twin(harness.recipe, row: example.shape).run(
      harness.parameters, inputs: rows(harness.inputs),
      outputGradient: wave(20, example.output.count).map(Double.init))
    // Flatten is no operation: what it gives is what it was given.
    let last = harness.layers.last!
    compare("output", harness.outputs, twin.outputs[last]!, example.output)
    compare(
      "gradient of the input", harness.gradient(of: "prelu-1"), twin.outputGradients["prelu-1"]!,
      example.inputGradient)
    let names = harness.plan.parameters.map(\.name).filter { $0 != "prelu-1.weight" }
    #expect(Set(names) == Set(example.gradients.keys))
    for (name, expected) in example.gradients {
      compare(name, harness.gradient(name), twin.parameterGradients[name]!, expected)
    }
  }

  private func compare(
    _ what: String, _ engine: [Float], _ twin: [Double], _ expected: [Double]
  ) {
    #expect(relativeError(engine, expected, floor: 1e-3) < 1e-4, "engine: \(what)")
    let distance = norm(zip(twin, expected).map { $0 - $1 })
    #expect(twin.count == expected.count && distance < 1e-5 * max(1e-3, norm(expected)), "\(what)")
  }

  private func rows(_ values: [Float]) -> [[Double]] {
    let half = values.count / 2
    return [values[..<half], values[half...]].map { $0.map(Double.init) }
  }
}

/// sin(1 + p + 0.7 k + 0.05 k²), rounded to float32.
private func wave(_ p: Int, _ count: Int, factor: Double = 1) -> [Float] {
  (0..<count).map { k in
    let k = Double(k)
    return Float(factor * Double(Float(sin(1 + Double(p) + 0.7 * k + 0.05 * k * k))))
  }
}

extension ImageVectorTests.Case {
  /// The model with the numbers of the vectors' formulas in place; prelu stays as it is.
  func harness() throws -> Harness {
    let start = Recipe(
      data: .spirals(), model: [.relu], loss: .meanSquaredError, optimizer: .sgd(),
      training: .init(epochs: 1, batch: 2))
    var tree = start.written
    try tree.set("model", to: model)
    let recipe = try Recipe(tree)
    let harness = try Harness(recipe, row: shape, rows: 2)
    let inputs = wave(10, harness.inputs.count, factor: 1.5)
    harness.inputs = rounded ? inputs.map { ($0 * 2).rounded(.toNearestOrEven) / 2 } : inputs
    for (index, parameter) in harness.plan.parameters.dropFirst().enumerated() {
      let values = wave(index, parameter.shape.count)
      harness[parameter.buffer] = parameter.role == .scale ? values.map { 1 + $0 / 2 } : values
    }
    return harness
  }
}
