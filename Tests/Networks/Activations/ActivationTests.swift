import CKernels
import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Every activation against its formula in Double, over the whole of float32.
@Suite struct ActivationTests {
  static let all: [ActivationCase] = [
    .init(.relu, at: (0, .infinity), slopes: (0, 1)),
    .init(.leakyReLU(slope: 0.1), at: (-.infinity, .infinity), slopes: (0.1, 1)),
    .init(.elu(alpha: 0.7), at: (-0.7, .infinity), slopes: (0, 1)),
    .init(.selu, at: (-1.7580993408473766, .infinity), slopes: (0, 1.0507009873554805)),
    .init(.gelu, at: (0, .infinity), slopes: (0, 1)),
    .init(.silu, at: (0, .infinity), slopes: (0, 1)),
    .init(.softplus(), at: (0, .infinity), slopes: (0, 1)),
    .init(.softplus(beta: 4), at: (0, .infinity), slopes: (0, 1)),
    .init(.sigmoid, at: (0, 1), slopes: (0, 0)),
    .init(.tanh, at: (-1, 1), slopes: (0, 0)),
    .init(.hardTanh, at: (-1, 1), slopes: (0, 0)),
    .init(.exponential, at: (0, .infinity), slopes: (0, .infinity)),
  ]

  /// ±30 finely, every power of ten, both zeros.
  static let sweep: [Float] = {
    let fine = (-3000...3000).map { Float($0) / 100 }
    let powers = (-37...38).map { Float(pow(10, Double($0))) }
    return fine + powers + powers.map { -$0 } + [0, -0.0]
  }()

  @Test(arguments: all) func followsItsFormula(activation: ActivationCase) throws {
    let formula = formula(of: activation.choice.member)
    let measured = try activation.run(Self.sweep)
    for (x, y) in zip(Self.sweep, measured.outputs) {
      let expected = formula.value(Double(x))
      #expect(isClose(y, expected, relative: activation.relativeError), "at \(x)")
    }
    for (x, slope) in zip(Self.sweep, measured.slopes) {
      let expected = formula.slope(Double(x))
      #expect(isClose(slope, expected, relative: 4e-6, absolute: 4e-7), "slope at \(x)")
    }
  }

  private func isClose(
    _ value: Float, _ expected: Double, relative: Double, absolute: Double = 1e-37
  ) -> Bool {
    if Float(expected).isInfinite { return value == Float(expected) }
    return abs(Double(value) - expected) <= relative * abs(expected) + absolute
  }

  @Test(arguments: all) func limitsAreAsDocumented(activation: ActivationCase) throws {
    let measured = try activation.run([-.infinity, .infinity])
    #expect(isClose(measured.outputs[0], activation.limits.0, relative: 1e-6))
    #expect(isClose(measured.outputs[1], activation.limits.1, relative: 1e-6))
    #expect(isClose(measured.slopes[0], activation.slopes.0, relative: 1e-6))
    #expect(isClose(measured.slopes[1], activation.slopes.1, relative: 1e-6))
    #expect(!measured.finite, "an infinity was read")
  }

  /// At every place of a vector, its tail included, and nowhere else.
  @Test(arguments: all) func nanStaysNaN(activation: ActivationCase) throws {
    for place in [0, 3, 511, 512, 1028] {
      var inputs = [Float](repeating: 0.5, count: 1029)
      inputs[place] = -.nan
      let measured = try activation.run(inputs)
      #expect(measured.outputs.indices.filter { measured.outputs[$0].isNaN } == [place])
      #expect(!measured.finite)
    }
    #expect(try activation.run([Float](repeating: 0.5, count: 1029)).finite)
  }

  /// A gradient that is not finite is noticed even where the slope is 0.
  @Test(arguments: all) func nonFiniteGradientsAreNoticed(activation: ActivationCase) throws {
    for gradient in [Float.nan, .infinity, -.infinity] {
      #expect(try !activation.run([-20, 20], gradients: [gradient, 1]).finite)
      #expect(try !activation.run([-20, 20], gradients: [1, gradient]).finite)
    }
  }

  @Test func kernelsCountNonFiniteValues() {
    var x = [Float](repeating: 1, count: 1500)
    for place in [0, 100, 513, 1499] { x[place] = .nan }
    for place in [7, 900] { x[place] = .infinity }
    x[901] = -.infinity
    var y = x
    var dx = x
    let forward = [
      keel_relu, keel_leaky_relu, keel_elu, keel_selu, keel_gelu, keel_silu, keel_softplus,
      keel_sigmoid, keel_tanh, keel_hard_tanh, keel_exponential,
    ]
    for kernel in forward { #expect(kernel(x, &y, x.count, 0.5) == 7) }
    let backward = [
      keel_relu_gradient, keel_leaky_relu_gradient, keel_elu_gradient, keel_selu_gradient,
      keel_gelu_gradient, keel_silu_gradient, keel_softplus_gradient, keel_sigmoid_gradient,
      keel_tanh_gradient, keel_hard_tanh_gradient, keel_exponential_gradient,
    ]
    let ones = [Float](repeating: 1, count: 1500)
    for kernel in backward { #expect(kernel(ones, ones, x, &dx, x.count, 0.5, 0) == 7) }
    #expect(keel_softmax(x, &y, 15, 100) == 7)
    #expect(keel_softmax_gradient(ones, x, &dx, 15, 100, 0) == 7)
  }

  /// The slope of PReLU is a parameter: what the recipe says is where it begins.
  @Test func preluBeginsAtItsSlope() throws {
    let prelu = try ActivationCase(.prelu(slope: 0.3), at: (0, 0), slopes: (0, 0)).run([-2, 0, 5])
    #expect(prelu.outputs == [-0.6, 0, 5])
    #expect(prelu.slopes == [0.3, 0.3, 1])
  }
}

/// An activation, and what its documentation says of −∞ and +∞.
struct ActivationCase: CustomTestStringConvertible, Sendable {
  let choice: Choice<Activations>
  let limits: (Double, Double)
  let slopes: (Double, Double)
  var testDescription: String { "\(choice.written!.line)" }
  /// Twice what the kernels promise of exp; in the far tail of GELU the rounding of x² weighs x²/2
  /// as much.
  var relativeError: Double { choice.name == "gelu" ? 6e-8 * 100 : 2e-6 }

  init(
    _ choice: Choice<Activations>, at limits: (Double, Double), slopes: (Double, Double)
  ) {
    (self.choice, self.limits, self.slopes) = (choice, limits, slopes)
  }

  /// Outputs, and gradients of the inputs, after a dense layer that multiplies each number by 1.
  func run(_ inputs: [Float], gradients: [Float]? = nil) throws -> (
    outputs: [Float], slopes: [Float], finite: Bool
  ) {
    let recipe = Recipe(
      data: .spirals(),
      model: [
        .dense(1, initializer: .constant(1), bias: false),
        Choice<Layers>(choice.ingredient),
      ],
      loss: .meanSquaredError, optimizer: .sgd(), training: .init(epochs: 1, batch: 1))
    let harness = try Harness(recipe, row: [inputs.count, 1], rows: 1)
    harness.inputs = inputs
    let forward = harness.forward()
    harness.outputGradient = gradients ?? [Float](repeating: 1, count: inputs.count)
    let backward = harness.backward()
    return (harness.outputs, harness.gradient(of: "dense-1"), forward && backward)
  }
}
