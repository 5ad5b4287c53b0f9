import CKernels
import KeelEngine
import KeelSettings

/// Batch normalisation over the rows of a batch, one statistic a feature of the last axis.
///
/// **Definition** y = gain · (x − mean)/√(variance + epsilon) + bias, with the biased variance of
/// the batch in training and running statistics in evaluation; running ← (1 − momentum)·running +
/// momentum·batch, the variance unbiased, as PyTorch's `BatchNorm1d`.
///
/// **Shapes** Input and output […, features]; gain, bias, running mean and variance [features].
///
/// **Effect on gradients** With ReLU the squared norm grows ×π/(π − 1) a layer in a deep plain
/// network, however it is initialised.
///
/// **Non-finite values** are counted in the input; statistics are taken in double, so finite inputs
/// of any size give finite outputs. Running statistics change only after a good step.
///
/// **References** Ioffe and Szegedy, 2015; Yang et al., *A mean field theory of batch
/// normalization*, ICLR 2019, Theorem 8.
public struct BatchNorm: Layer {
  public static let name = "batch-norm"
  public static let summary = "normalises each feature over the batch"
  public static let fields: [Field<BatchNorm>] = [
    .init(
      "momentum", \.momentum, NumberRange(minimum: 0, maximum: 1),
      "weight of the newest batch in the running statistics"),
    .init("epsilon", \.epsilon, .nonNegative, "added to the variance"),
  ]
  /// The weight of the newest batch in the running statistics, from 0 to 1.
  public var momentum = 0.1
  public var epsilon = 1e-5
  public var isNormalization: Bool { true }

  public init() {}

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let layer = network.planner.name(Self.name)
    let features = input.shape.last
    let shape = Shape(features)
    let gain = try network.planner.parameter(layer, "weight", shape, role: .scale) { values, _ in
      values.update(repeating: 1)
    }
    let bias = try network.planner.parameter(layer, "bias", shape, role: .bias) { values, _ in
      values.update(repeating: 0)
    }
    let mean = try network.planner.state(layer, "mean", count: features, initial: 0)
    let variance = try network.planner.state(layer, "variance", count: features, initial: 1)
    let batch = try network.planner.scratch(layer, count: 2 * features, perRow: false)
    let batchVariance = try network.planner.scratch(layer, count: 2 * features, perRow: false)
    let sums = try network.planner.temporary(
      layer, count: 4 * (Int(KEEL_NORM_PARTS) + 1) * features)
    let output = try network.planner.signal(layer, input.shape)
    network.planner.add(
      BatchNormKernel(
        input: input, output: output, gain: gain, bias: bias, mean: mean, variance: variance,
        batch: batch, batchVariance: batchVariance, sums: sums, settings: self),
      layer, reads: [input], writes: output, parameters: [gain, bias])
    return output
  }
}

struct BatchNormKernel: Kernel {
  let input, output: Signal
  let gain, bias, mean, variance: Buffer
  /// Mean and inverse deviation of the batch.
  let batch: Buffer
  /// In double.
  let batchVariance: Buffer
  /// Of the parts that the rows are cut into, in double.
  let sums: Buffer
  let settings: BatchNorm

  private var features: Int { input.shape.last }
  private func rows(_ pass: Pass) -> Int { pass.rows * input.shape.leading }

  func forward(_ pass: Pass) -> Bool {
    if pass.mode == .evaluation {
      keel_batch_norm_fixed(
        pass[input.value], pass[gain], pass[bias], pass[mean], pass[variance], pass[output.value],
        rows(pass), features, settings.epsilon)
      return true
    }
    return keel_batch_norm(
      pass[input.value], pass[gain], pass[bias], pass[output.value], pass[batch],
      pass.doubles(batchVariance), pass[batch] + features, pass.doubles(sums), rows(pass), features,
      settings.epsilon) == 0
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    keel_batch_norm_gradient(
      pass[input.value], pass[gain], pass[batch], pass[batch] + features, pass[gradientOf: output],
      input.gradient.map { pass[$0] }, pass[gain.gradient], pass[bias.gradient],
      pass.doubles(sums), rows(pass), features, accumulation.flag(0)) == 0
  }

  func commit(_ pass: Pass) {
    let rows = Double(rows(pass))
    let momentum = settings.momentum
    let unbiased = rows > 1 ? rows / (rows - 1) : 1
    let (mean, variance) = (pass[mean], pass[variance])
    let (batchMean, batchVariance) = (pass[batch], pass.doubles(batchVariance))
    for feature in 0..<features {
      let past = Double(mean[feature])
      mean[feature] = Float(past + momentum * (Double(batchMean[feature]) - past))
      let old = Double(variance[feature])
      // Finite inputs beyond 1e19 have a variance beyond float32: the largest one is nearest to it.
      let new = old + momentum * (batchVariance[feature] * unbiased - old)
      variance[feature] = Float(min(new, Double(Float.greatestFiniteMagnitude)))
    }
  }

  /// Only epsilon = 0 lets a constant feature divide 0 by 0.
  func origin(_ pass: Pass) -> NonFiniteOrigin {
    let isZeroOverZero = settings.epsilon == 0 && pass.values(output.value).contains { $0.isNaN }
    return isZeroOverZero ? .invalid : .overflow
  }
}

extension Choice where F == Layers {
  /// `batch-norm: {momentum: …, epsilon: …}` in a recipe.
  public static func batchNorm(momentum: Double = 0.1, epsilon: Double = 1e-5) -> Choice {
    var norm = BatchNorm()
    (norm.momentum, norm.epsilon) = (momentum, epsilon)
    return Choice(norm)
  }
}
