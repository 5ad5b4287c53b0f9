import KeelNetworks
import KeelRecipes
import KeelSettings

extension Blueprint {
  /// Hidden activations, each of which may be made an exponential.
  private func activation(_ place: Int, of count: Int) -> Choice<Layers> {
    if place >= count - Int(exponentials) { return .exponential }
    switch hidden {
    case .linear: return .linear
    case .relu: return .relu
    case .leakyReLU: return .leakyReLU(slope: slope)
    case .prelu: return .prelu(slope: slope)
    case .elu: return .elu(alpha: slope)
    case .selu: return .selu
    case .gelu: return .gelu
    case .silu: return .silu
    case .softplus: return .softplus()
    case .sigmoid: return .sigmoid
    case .tanh: return .tanh
    case .hardTanh: return .hardTanh
    }
  }

  private var normalization: [Choice<Layers>] {
    switch norm {
    case .none: []
    case .batch: [.batchNorm(epsilon: 1e-5 * normEpsilon)]
    case .layer: [.layerNorm()]
    }
  }

  private func block(_ units: Int, _ place: Int = 0, of count: Int = .max) -> [Choice<Layers>] {
    let function = activation(place, of: count)
    let drop: [Choice<Layers>] = dropped == 1 ? [] : [.dropout(1 - 1 / dropped)]
    return [.dense(units)] + normalization + (function == .linear ? [] : [function]) + drop
  }

  /// How many hidden activations there are to be replaced.
  package var places: Int {
    switch architecture {
    case .shallow, .wide, .narrow: Int(depth)
    case .convolution: 2
    case .deep, .stack, .residual: 1  // one, in a block that is repeated
    case .recurrent, .lstm, .gru: 1
    }
  }

  package var model: [Choice<Layers>] { body + headLayers }

  private var body: [Choice<Layers>] {
    let times = max(1, Int(depth))
    switch architecture {
    case .shallow, .wide, .narrow:
      return (0..<times).flatMap { block(width, $0, of: times) }
    case .deep, .stack:
      return [.repeat(times, block(width, 0, of: 1))]
    case .residual:
      let function = activation(0, of: 1)
      return [
        .dense(width),
        .repeat(
          times * Int(blocks), [.residual(normalization + [function, .dense(width)])]),
      ]
    case .convolution:
      let stride = source == .mnist ? 2 : 1
      return [.conv2d(width, kernel: 3, stride: stride)] + normalization + [activation(0, of: 2)]
        + [.conv2d(width, kernel: 3, stride: stride)] + normalization + [activation(1, of: 2)]
        + [.flatten]
    case .recurrent:
      return [
        .recurrent(width, recurrentInitializer: .orthogonal(gain: recurrence), activation: cell)
      ]
    case .lstm: return [.lstm(width, recurrentInitializer: .orthogonal(gain: recurrence))]
    case .gru: return [.gru(width, recurrentInitializer: .orthogonal(gain: recurrence))]
    }
  }

  private var cell: Choice<Activations> {
    if exponentials > 0 { return .exponential }
    switch hidden {
    case .relu: return .relu
    case .linear: return .linear
    default: return .tanh
    }
  }

  // MARK: the end of the network, and the loss

  package static let mismatches = 5

  /// The output's activation and the loss: those that fit, and those that a fault makes of them.
  private var ending: (Choice<Layers>, Choice<Losses>) {
    mismatch > 0 ? mismatched : matched
  }

  private var matched: (Choice<Layers>, Choice<Losses>) {
    if isNumeric {
      return (
        .linear,
        [.meanSquaredError, .meanSquaredError, .huber(delta: 1 / delta), .meanAbsoluteError][head]
      )
    }
    switch head {
    case 1: return (.softmax, .crossEntropy)
    case 2 where classes == 2: return (.linear, .sigmoidCrossEntropy)
    case 3 where classes == 2: return (.sigmoid, .binaryCrossEntropy)
    default: return (.linear, .softmaxCrossEntropy)
    }
  }

  private var mismatched: (Choice<Layers>, Choice<Losses>) {
    let form = Int(mismatch) - 1
    if isNumeric {
      return [
        (.exponential, .meanSquaredError), (.relu, .meanSquaredError),
        (.sigmoid, .meanSquaredError), (.exponential, .huber()), (.softplus(), .meanSquaredError),
      ][form]
    }
    if isOneColumn {
      return [
        (.linear, .binaryCrossEntropy), (.relu, .binaryCrossEntropy),
        (.exponential, .sigmoidCrossEntropy), (.exponential, .meanSquaredError),
        (.tanh, .binaryCrossEntropy),
      ][form]
    }
    return [
      (.linear, .crossEntropy), (.relu, .crossEntropy), (.exponential, .softmaxCrossEntropy),
      (.exponential, .meanSquaredError), (.tanh, .crossEntropy),
    ][form]
  }

  var loss: Choice<Losses> { ending.1 }

  private var headLayers: [Choice<Layers>] {
    let units = isOneColumn ? 1 : source == .mnist ? 10 : classes
    return [.dense(units)] + (ending.0 == .linear ? [] : [ending.0])
  }
}
