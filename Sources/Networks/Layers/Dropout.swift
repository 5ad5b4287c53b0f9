import CKernels
import KeelEngine
import KeelSettings

/// Drops inputs at random in training, and scales the rest so that the mean stays.
///
/// **Definition** y = x·m/(1 − rate), m = 0 with probability `rate`, else 1; y = x in evaluation.
/// As PyTorch's `Dropout`. The masks of a run are a function of the seed, the layer and the batch's
/// number, so a rewound run drops the same again.
///
/// **Shapes** Any; the output's is the input's.
///
/// **Non-finite values** A dropped one would be hidden: all inputs are looked at.
public struct Dropout: Layer {
  public static let name = "dropout"
  public static let summary = "drops inputs at random in training"
  public static let fields: [Field<Dropout>] = [
    .init("rate", \.rate, .fraction, "how many are dropped")
  ]
  /// The probability that an input is dropped, from 0 to below 1.
  public var rate = 0.5

  public init() {}

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let layer = network.planner.name(Self.name)
    let mask = try network.planner.scratch(layer, count: input.shape.count, perRow: true)
    let output = try network.planner.signal(layer, input.shape)
    let capacity = network.planner.capacity * input.shape.count
    network.planner.add(
      DropoutKernel(
        input: input, output: output, mask: mask, rate: Float(rate),
        random: Random(seed: network.seed, stream: layer),
        stride: UInt64((capacity + 3) / 4)),
      layer, reads: [input], writes: output)
    return output
  }
}

struct DropoutKernel: Kernel {
  let input, output: Signal
  let mask: Buffer
  let rate: Float
  let random: Random
  /// Blocks of random words a full batch takes.
  let stride: UInt64
  /// Where a row begins with a new block of the generator.
  var isRowwise: Bool { input.value.count.isMultiple(of: 4) }

  func forward(_ pass: Pass) -> Bool {
    let count = input.value.count(rows: pass.rows)
    if pass.mode == .evaluation {
      keel_fill(pass[mask], count, 1)
      keel_copy(pass[input.value], pass[output.value], count, 0)
      return true
    }
    return keel_dropout(
      pass[input.value], pass[output.value], pass[mask], count, rate, random.key,
      pass.position &* stride &+ UInt64(pass.firstRow * input.value.count / 4)) == 0
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    guard let target = input.gradient else { return true }
    let count = input.value.count(rows: pass.rows)
    return keel_mask(
      pass[gradientOf: output], pass[mask], pass[target], count, accumulation.flag(0)) == 0
  }
}

extension Choice where F == Layers {
  /// `dropout: {rate: …}` in a recipe.
  public static func dropout(_ rate: Double = 0.5) -> Choice {
    var dropout = Dropout()
    dropout.rate = rate
    return Choice(dropout)
  }
}
