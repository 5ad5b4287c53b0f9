import CKernels
import KeelEngine
import KeelSettings

/// Multi-head self-attention along a sequence.
///
/// **Definition** q, k, v = x·Wᵀ + b, a third of W each; of every head of width d = units/heads:
/// y = softmax(q kᵀ/√d) v, the heads side by side through an output projection, as PyTorch's
/// `MultiheadAttention(batch_first=True)` of one input. `causal`: a time sees itself and those
/// before it. `normalize`: q and k of each head divided by their root mean square (epsilon 1e-5)
/// and multiplied by a learnt gain, so that no score exceeds √d times its gains.
///
/// **Shapes** Input and output [time, units]; weight [3·units, units] (queries, keys, values), bias
/// [3·units], output-weight [units, units], output-bias [units]; query-gain and key-gain [d],
/// shared by the heads. The recipe's initializer fills each of the four [units, units] matrices by
/// itself; PyTorch's Xavier takes the first three as one, which makes them 1/√2 as large. Biases
/// begin at 0.
///
/// **Effect on gradients** Near uniform attention averages them over time. Large scores make the
/// softmax choose one key; their gradients, products of weights and of activations, then grow with
/// both, which `normalize` ends.
///
/// **Non-finite values** Scores are counted before the softmax, gradients of its weights after.
///
/// **Errors** `KeelError` where a row is not [time, units], or where `heads` do not divide units.
///
/// **References** Vaswani et al., *Attention is all you need*, NeurIPS 2017; Henry et al.,
/// *Query-key normalization for transformers*, Findings of EMNLP 2020; Dehghani et al., *Scaling
/// vision transformers to 22 billion parameters*, ICML 2023, §2.
public struct Attention: Layer {
  public static let name = "attention"
  public static let summary = "multi-head self-attention along a sequence"
  public static let fields: [Field<Attention>] = [
    .init("heads", \.heads, .atLeast(1), "how many; they divide the units among them"),
    .init("causal", \.causal, "whether a time sees only itself and those before it"),
    .init("normalize", \.normalize, "whether queries and keys are normalised, head by head"),
  ]
  /// How many heads there are; they divide the units among them.
  public var heads = 1
  /// Whether a time sees only itself and those before it.
  public var causal = false
  /// Whether queries and keys are normalised, head by head.
  public var normalize = false
  public var isSequential: Bool { true }

  public init() {}

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    guard input.shape.axes.count == 2 else {
      throw network.error(
        "takes a sequence [time, units], and is given [\(input.shape)]",
        fix: "put 'embedding' before it, or give input: [time, \(input.shape.last)] of that product"
      )
    }
    let units = input.shape.last
    guard units % heads == 0 else {
      throw network.error(
        "\(heads) heads do not divide the \(units) units of [\(input.shape)]",
        fix: "use a number of heads that divides \(units)")
    }
    let layer = network.planner.name(Self.name)
    let kernel = try kernel(input, layer, in: &network)
    network.planner.add(
      kernel, layer, reads: [input], writes: kernel.output, inner: kernel.inner,
      parameters: kernel.parameters)
    return kernel.output
  }

  private func kernel(
    _ input: Signal, _ layer: String, in network: inout NetworkBuilder
  ) throws -> AttentionKernel {
    let (time, units) = (input.shape.leading, input.shape.last)
    /// One matrix after another, each as if it stood alone.
    func square(_ name: String, matrices: Int, _ rule: any Initializer) throws -> Buffer {
      let fan = Fan(input: units, output: units)
      return try network.planner.parameter(
        layer, name, Shape(matrices * units, units), role: .weight
      ) { values, random in
        for matrix in 0..<matrices {
          let range = matrix * units * units..<(matrix + 1) * units * units
          rule.fill(UnsafeMutableBufferPointer(rebasing: values[range]), fan: fan, random: &random)
        }
      }
    }
    func vector(
      _ name: String, _ count: Int, role: Parameter.Role = .bias, of value: Float = 0
    ) throws -> Buffer {
      try network.planner.parameter(layer, name, Shape(count), role: role) { values, _ in
        values.update(repeating: value)
      }
    }
    let weight = try square("weight", matrices: 3, network.initializer.rule(for: .projection))
    let bias = try vector("bias", 3 * units)
    let outputWeight = try square("output-weight", matrices: 1, network.initializer)
    let outputBias = try vector("output-bias", units)
    var norm: AttentionKernel.Norm?
    if normalize {
      let width = units / heads
      norm = AttentionKernel.Norm(
        queryGain: try vector("query-gain", width, role: .scale, of: 1),
        keyGain: try vector("key-gain", width, role: .scale, of: 1),
        signal: try network.planner.signal(layer, Shape(time, 2, units)),
        statistics: try network.planner.scratch(
          layer, count: Shape(time, heads, 8).count, perRow: true),
        sums: try network.planner.temporary(layer, count: 4 * width))
    }
    return AttentionKernel(
      input: input, output: try network.planner.signal(layer, input.shape),
      projection: try Product(
        layer, weight, outputs: 3 * units, inputs: units, uses: time,
        rows: network.planner.partRows, in: &network),
      bias: bias,
      outputProjection: try Product(
        layer, outputWeight, outputs: units, inputs: units, uses: time,
        rows: network.planner.partRows, in: &network),
      outputBias: outputBias, norm: norm,
      projected: try network.planner.signal(layer, Shape(time, 3, units)),
      context: try network.planner.signal(layer, input.shape),
      weights: try network.planner.scratch(
        layer, count: Shape(heads, time, time).count, perRow: true),
      scratch: try network.planner.temporary(layer, count: Shape(time, time).count),
      heads: heads, isCausal: causal)
  }
}

extension Choice where F == Layers {
  /// `attention: {heads: …, causal: …, normalize: …}` in a recipe.
  public static func attention(
    heads: Int = 1, causal: Bool = false, normalize: Bool = false
  ) -> Choice {
    var attention = Attention()
    (attention.heads, attention.causal, attention.normalize) = (heads, causal, normalize)
    return Choice(attention)
  }
}
