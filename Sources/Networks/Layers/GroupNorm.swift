import CKernels
import KeelEngine
import KeelSettings

/// Normalisation of each row by itself, over groups of channels and all places together.
///
/// **Definition** y = gain · (x − mean)/√(variance + epsilon) + bias, mean and biased variance over
/// the features / groups channels of a group in every place of the row, as PyTorch's `GroupNorm`
/// (whose channels come first); the same in training and evaluation. Groups of one channel are
/// instance norm.
///
/// **Shapes** Input and output […, features], features a multiple of `groups`; gain and bias
/// [features].
///
/// **Effect on gradients** Divides those of a group by the deviation of its input, and takes away
/// what points along the input or changes the whole group alike; batches of one row are as good as
/// any.
///
/// **Non-finite values** are counted in the input; statistics are taken in double, so finite inputs
/// of any size give finite outputs.
///
/// **References** Wu and He, *Group normalization*, ECCV 2018.
public struct GroupNorm: Layer {
  public static let name = "group-norm"
  public static let summary = "normalises groups of channels, row by row"
  public static let fields: [Field<GroupNorm>] = [
    .init("groups", \.groups, .atLeast(1), required: true, "into which the channels are cut"),
    .init("epsilon", \.epsilon, .nonNegative, "added to the variance"),
  ]
  /// Into which the channels are cut; their number is a multiple of it.
  public var groups = 1
  public var epsilon = 1e-5
  public var isNormalization: Bool { true }

  public init() {}

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let features = input.shape.last
    guard features.isMultiple(of: groups) else {
      throw network.error(
        "\(features) channels cannot be cut into \(groups) groups",
        fix: "use a number of groups that divides \(features)")
    }
    guard input.shape.count > groups else {
      throw network.error(
        "a group of one number has no variance, and every output would be the same",
        fix: "use fewer groups than \(groups)")
    }
    let layer = network.planner.name(Self.name)
    let gain = try network.planner.parameter(layer, "weight", Shape(features), role: .scale) {
      values, _ in values.update(repeating: 1)
    }
    let bias = try network.planner.parameter(layer, "bias", Shape(features), role: .bias) {
      values, _ in values.update(repeating: 0)
    }
    let statistics = try network.planner.scratch(layer, count: 4 * groups, perRow: true)
    let sums = try network.planner.temporary(layer, count: 4 * features)
    let output = try network.planner.signal(layer, input.shape)
    network.planner.add(
      GroupNormKernel(
        input: input, output: output, gain: gain, bias: bias, statistics: statistics, sums: sums,
        groups: groups, epsilon: epsilon),
      layer, reads: [input], writes: output, parameters: [gain, bias])
    return output
  }
}

private struct GroupNormKernel: Kernel {
  let input, output: Signal
  let gain, bias: Buffer
  /// For each group of each row its mean and the inverse of its deviation, in double.
  let statistics: Buffer
  /// The gradients of gain and bias as they are summed, in double.
  let sums: Buffer
  let groups: Int
  let epsilon: Double
  var isRowwise: Bool { true }

  private var features: Int { input.shape.last }
  private var places: Int { input.shape.leading }

  func forward(_ pass: Pass) -> Bool {
    keel_group_norm(
      pass[input.value], pass[gain], pass[bias], pass[output.value], pass.doubles(statistics),
      pass.rows, places, features, groups, epsilon) == 0
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    let gainSums = pass.doubles(sums)
    gainSums.update(repeating: 0, count: 2 * features)
    let nonFinite = keel_group_norm_gradient(
      pass[input.value], pass[gain], pass.doubles(statistics), pass[gradientOf: output],
      input.gradient.map { pass[$0] }, gainSums, gainSums + features, pass.rows, places, features,
      groups, accumulation.flag(0))
    keel_round_sums(gainSums, pass[gain.gradient], features)
    keel_round_sums(gainSums + features, pass[bias.gradient], features)
    return nonFinite == 0
  }

  /// Only epsilon = 0 lets a constant group divide 0 by 0.
  func origin(_ pass: Pass) -> NonFiniteOrigin {
    let isZeroOverZero = epsilon == 0 && pass.values(output.value).contains { $0.isNaN }
    return isZeroOverZero ? .invalid : .overflow
  }
}

extension Choice where F == Layers {
  /// `group-norm: {groups: …, epsilon: …}` in a recipe.
  public static func groupNorm(_ groups: Int, epsilon: Double = 1e-5) -> Choice {
    var norm = GroupNorm()
    norm.groups = groups
    norm.epsilon = epsilon
    return Choice(norm)
  }
}
