import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// `pytorch` against what PyTorch draws, parameter by parameter. `Tests/Vectors/make_draws.py`
/// wrote down its moments.
struct PyTorchTests {
  struct Draw: Decodable, CustomTestStringConvertible, Sendable {
    let layer, parameter: String
    let rms, largest: Double
    var testDescription: String { "\(layer) \(parameter)" }
  }

  static let draws = ReferenceVectors.read("draws.json") ?? [Draw]()

  @Test func drawsAreThere() { #expect(Self.draws.count >= 14) }

  /// Root mean squares within four standard errors of both samples; no uniform value beyond its
  /// bound.
  @Test(arguments: draws) func momentsAreTheirs(_ draw: Draw) throws {
    let values = try Self.values(of: draw)
    let rms = (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    guard draw.rms > 0 else { return #expect(rms == 0) }
    let isNormal = draw.layer == "embedding"
    // Of the mean square of a normal or a uniform number, halved for its root.
    let spread = (isNormal ? 2 : 0.8).squareRoot() / 2
    let error = spread / Double(values.count).squareRoot() * 2.0.squareRoot()
    #expect(abs(rms / draw.rms - 1) < 4 * error)
    let largest = values.map(abs).max() ?? 0
    if !isNormal { #expect(abs(largest / draw.largest - 1) < 0.02) }
  }

  /// A bias of its own is left alone, and other rules leave biases at zero.
  @Test func biasesFollowOnlyThere() throws {
    for (rule, bias, isZero) in [
      (Choice<Initializers>.pytorch, Choice<Initializers>.constant(3), false),
      (.he(), .zeros, true), (.uniform(1), .zeros, true),
    ] {
      let harness = try Self.harness([.dense(4, biasInitializer: bias)], rule, row: [8])
      let values = harness[harness.parameter("dense-1.bias").buffer]
      #expect(values.allSatisfy { $0 == (isZero ? 0 : 3) })
    }
  }

  /// The same parameter of forty layers.
  private static func values(of draw: Draw) throws -> [Double] {
    let (layers, row): ([Choice<Layers>], [Int]) =
      switch draw.layer {
      case "dense": ([.dense(40)], [50])
      case "conv2d": ([.conv2d(16, kernel: 5)], [9, 9, 3])
      case "recurrent": ([.recurrent(36, recurrentInitializer: .pytorch)], [4, 7])
      case "lstm": ([.lstm(36, recurrentInitializer: .pytorch)], [4, 7])
      case "gru": ([.gru(36, recurrentInitializer: .pytorch)], [4, 7])
      case "embedding": ([.embedding(60, 24)], [4])
      default: ([.attention(heads: 4)], [4, 32])
      }
    let harness = try harness(layers, .pytorch, row: row)
    let parameter = harness.parameter("\(draw.layer)-1.\(draw.parameter)")
    return (0..<40).flatMap { seed in
      harness.initialize(seed: UInt64(seed))
      return harness[parameter.buffer].map(Double.init)
    }
  }

  private static func harness(
    _ layers: [Choice<Layers>], _ rule: Choice<Initializers>, row: [Int]
  ) throws -> Harness {
    let recipe = Recipe(
      data: .spirals(), model: layers, initializer: rule, loss: .meanSquaredError,
      optimizer: .sgd(), training: .init(epochs: 1, batch: 1))
    return try Harness(recipe, row: row, rows: 1)
  }
}
