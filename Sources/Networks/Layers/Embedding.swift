import CKernels
import KeelEngine
import KeelSettings

/// A learnt vector for each token, and on demand one for each place in the sequence.
///
/// **Definition** y[t] = weight[id[t]] + positions[t], as PyTorch's `Embedding`, twice and added
/// where there are positions. Both begin as the recipe's initializer fills a matrix of their shape:
/// under Xavier a weight deviates by √(2/(tokens + units)), between the 1 of PyTorch and the 0.02
/// of GPT-2, so that a row has a norm of about 1; a norm layer behind brings it to any other size.
///
/// **Shapes** Input [time], numbers that are ids; output [time, units]; weight [tokens, units],
/// positions [time, units].
///
/// **Effect on gradients** A token that a batch does not hold gets none; the input has none.
///
/// **Non-finite values** An id that names no token gives NaN and is counted; data are searched for
/// such ids before training.
///
/// **Errors** `KeelError` where the row is not [time], where a layer stands before it, and, naming
/// row, id and tokens, where the data hold an id that is none of 0 ..< tokens.
///
/// **References** Radford et al., *Language models are unsupervised multitask learners*, 2019.
public struct Embedding: Layer {
  public static let name = "embedding"
  public static let summary = "a learnt vector for each token id"
  public static let fields: [Field<Embedding>] = [
    .init("tokens", \.tokens, tokenLimits, required: true, "how many ids there are, from 0"),
    .init("units", \.units, .atLeast(1), required: true, "numbers a token becomes"),
    .init("positions", \.positions, "whether each place in the sequence has a vector, too"),
  ]
  /// How many ids there are, counted from 0.
  public var tokens = 1
  public var units = 1
  /// Whether each place in the sequence has a vector, too.
  public var positions = false
  public var isSequential: Bool { true }

  /// Ids are written as float32, which counts to 2²⁴.
  package static let tokenLimits = NumberRange(minimum: 1, maximum: 0x1p24)

  public init() {}

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    guard input.shape.axes.count == 1 else {
      throw network.error(
        "takes a row of token ids [time], and is given [\(input.shape)]",
        fix: "give input: [\(input.shape.count)], or put 'flatten' before it")
    }
    guard input.gradient == nil else {
      throw network.error(
        "takes token ids, which no layer computes, and is given [\(input.shape)] by the one before",
        fix: "make it the first layer")
    }
    let layer = network.planner.name(Self.name)
    let time = input.shape.count
    let rule = network.initializer.rule(for: .embedding)
    func matrix(_ name: String, _ rows: Int) throws -> Buffer {
      let fan = Fan(input: units, output: rows)
      return try network.planner.parameter(layer, name, Shape(rows, units), role: .weight) {
        rule.fill($0, fan: fan, random: &$1)
      }
    }
    let weight = try matrix("weight", tokens)
    let places = positions ? try matrix("positions", time) : nil
    let output = try network.planner.signal(layer, Shape(time, units))
    network.planner.add(
      EmbeddingKernel(
        input: input, output: output, weight: weight, positions: places, tokens: tokens),
      layer, reads: [input], writes: output, parameters: [weight] + (places.map { [$0] } ?? []))
    return output
  }
}

struct EmbeddingKernel: Kernel {
  let input, output: Signal
  let weight: Buffer
  let positions: Buffer?
  let tokens: Int
  /// Where a copy of the table for each part is not more than what a few rows look up.
  var isRowwise: Bool { weight.count <= 4 * output.shape.count }

  func forward(_ pass: Pass) -> Bool {
    keel_embedding(
      pass[input.value], pass[weight], positions.map { pass[$0] }, pass[output.value], pass.rows,
      input.shape.count, tokens, output.shape.last) == 0
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    keel_embedding_gradient(
      pass[input.value], pass[gradientOf: output], pass[weight.gradient],
      positions.map { pass[$0.gradient] }, pass.rows, input.shape.count, tokens, output.shape.last)
    return true
  }

  /// An id that is not in the table is no number to compute with.
  func origin(_ pass: Pass) -> NonFiniteOrigin {
    pass.values(output.value).contains { $0.isNaN } ? .input : .overflow
  }
}

extension Choice where F == Layers {
  /// `embedding: {tokens: …, units: …, positions: …}` in a recipe.
  public static func embedding(_ tokens: Int, _ units: Int, positions: Bool = false) -> Choice {
    var embedding = Embedding()
    (embedding.tokens, embedding.units, embedding.positions) = (tokens, units, positions)
    return Choice(embedding)
  }
}
