import CKernels
import KeelEngine
import KeelSettings

/// Normalisation of each vector by itself, over the last axis.
///
/// **Definition** y = gain · (x − mean)/√(variance + epsilon) + bias, mean and biased variance over
/// the last axis, as PyTorch's `LayerNorm`; the same in training and evaluation.
///
/// **Shapes** Input and output […, features]; gain and bias [features].
///
/// **Effect on gradients** Divides them by the deviation of the input, and takes away what points
/// along the input or changes all features alike: a branch that begins with it cannot multiply.
///
/// **Non-finite values** are counted in the input; statistics are taken in double, so finite inputs
/// of any size give finite outputs.
///
/// **References** Ba, Kiros and Hinton, *Layer normalization*, 2016; Xiong et al., *On layer
/// normalization in the transformer architecture*, ICML 2020.
public struct LayerNorm: Layer {
  public static let name = "layer-norm"
  public static let summary = "normalises each vector over its features"
  public static let fields: [Field<LayerNorm>] = [
    .init("epsilon", \.epsilon, .nonNegative, "added to the variance")
  ]
  public var epsilon = 1e-5
  public var isNormalization: Bool { true }

  public init() {}

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    try LayerNormKernel.plan(input, Self.name, isCentred: true, epsilon: epsilon, in: &network)
  }
}

/// Layer norm where there is a bias, RMS norm where there is none.
struct LayerNormKernel: Kernel {
  let input, output: Signal
  let gain: Buffer
  let bias: Buffer?
  /// For each vector its mean and the inverse of its deviation, in double.
  let statistics: Buffer
  /// The gradients of gain and bias as they are summed, in double.
  let sums: Buffer
  let epsilon: Double
  var isRowwise: Bool { true }

  static func plan(
    _ input: Signal, _ kind: String, isCentred: Bool, epsilon: Double,
    in network: inout NetworkBuilder
  ) throws -> Signal {
    let layer = network.planner.name(kind)
    let features = input.shape.last
    let gain = try network.planner.parameter(layer, "weight", Shape(features), role: .scale) {
      values, _ in values.update(repeating: 1)
    }
    let bias =
      isCentred
      ? try network.planner.parameter(layer, "bias", Shape(features), role: .bias) { values, _ in
        values.update(repeating: 0)
      } : nil
    let statistics = try network.planner.scratch(
      layer, count: Shape(input.shape.leading, 4).count, perRow: true)
    let sums = try network.planner.temporary(layer, count: 4 * features)
    let output = try network.planner.signal(layer, input.shape)
    network.planner.add(
      LayerNormKernel(
        input: input, output: output, gain: gain, bias: bias, statistics: statistics, sums: sums,
        epsilon: epsilon),
      layer, reads: [input], writes: output, parameters: [gain] + (bias.map { [$0] } ?? []))
    return output
  }

  private var features: Int { input.shape.last }
  private func rows(_ pass: Pass) -> Int { pass.rows * input.shape.leading }

  func forward(_ pass: Pass) -> Bool {
    keel_layer_norm(
      pass[input.value], features, pass[gain], bias.map { pass[$0] }, pass[output.value], features,
      pass.doubles(statistics), rows(pass), features, epsilon, bias == nil ? 0 : 1) == 0
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    let gainSums = pass.doubles(sums)
    let biasSums = bias.map { _ in gainSums + features }
    gainSums.update(repeating: 0, count: 2 * features)
    let nonFinite = keel_layer_norm_gradient(
      pass[input.value], features, pass[gain], pass.doubles(statistics), pass[gradientOf: output],
      features, input.gradient.map { pass[$0] }, features, gainSums, biasSums, rows(pass),
      features, bias == nil ? 0 : 1, accumulation.flag(0))
    keel_round_sums(gainSums, pass[gain.gradient], features)
    if let bias { keel_round_sums(biasSums, pass[bias.gradient], features) }
    return nonFinite == 0
  }

  /// Only epsilon = 0 lets a constant vector divide 0 by 0.
  func origin(_ pass: Pass) -> NonFiniteOrigin {
    let isZeroOverZero = epsilon == 0 && pass.values(output.value).contains { $0.isNaN }
    return isZeroOverZero ? .invalid : .overflow
  }
}

extension Pass {
  /// A buffer that holds doubles: every buffer begins at a multiple of 64 bytes.
  func doubles(_ buffer: Buffer) -> UnsafeMutablePointer<Double> {
    UnsafeMutableRawPointer(self[buffer]).assumingMemoryBound(to: Double.self)
  }
}

extension Choice where F == Layers {
  /// `layer-norm: {epsilon: …}` in a recipe.
  public static func layerNorm(epsilon: Double = 1e-5) -> Choice {
    var norm = LayerNorm()
    norm.epsilon = epsilon
    return Choice(norm)
  }
}
