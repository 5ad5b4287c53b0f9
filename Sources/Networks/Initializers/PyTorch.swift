import KeelEngine
import KeelSettings

/// What PyTorch draws unless it is told otherwise.
///
/// **Definition** Uniform on ±1/√fan-in, of variance 1/(3·fan-in): weights of dense layers and
/// convolutions, and their biases. Recurrent layers: ±1/√units for every weight, as
/// `recurrent-initializer`, too, where that is written. Embeddings: normal, of deviation 1.
/// Attention: queries, keys and values uniform of variance 1/(2·units), the output as a dense
/// layer, biases 0. Biases of recurrent layers, which PyTorch draws as well, begin at 0.
///
/// **Effect on gradients** A sixth of He's variance: each ReLU layer multiplies the gradient's norm
/// by 0.41, so that a deep network begins with next to none.
///
/// **References** PyTorch's `reset_parameters` of `Linear`, `_ConvNd`, `RNNBase`, `Embedding` and
/// `MultiheadAttention`, 2.13; LeCun et al., *Efficient backprop*, 1998, §4.6.
public struct PyTorch: Initializer {
  public static let name = "pytorch"
  public static let summary = "what PyTorch draws unless told; biases too"

  public init() {}

  /// 1/√(3·fan-in).
  public func std(_ fan: Fan) -> Double { limit(fan) / 3.0.squareRoot() }

  private func limit(_ fan: Fan) -> Double { 1 / Double(fan.input).squareRoot() }

  public func fill(
    _ values: UnsafeMutableBufferPointer<Float>, fan: Fan, random: inout Random
  ) {
    let limit = Float(limit(fan))
    random.fill(values, uniformFrom: -limit, to: limit)
  }

  public func rule(for part: ParameterPart) -> any Initializer {
    switch part {
    case .bias: return self
    case .recurrence(let units):
      var uniform = Uniform()
      uniform.limit = 1 / Double(units).squareRoot()
      return uniform
    case .embedding: return Normal()
    // Xavier over the three as one: 1/√2 of what each would have by itself.
    case .projection: return Xavier(.uniform, .fanAverage, 0.5.squareRoot())
    }
  }
}

extension Choice where F == Initializers {
  /// `pytorch` in a recipe.
  public static var pytorch: Choice { Choice(PyTorch()) }
}
