import KeelNetworks
import KeelRecipes
import KeelSettings

/// The twins of layers for sequences; nil for another layer.
func sequenceTwin(_ ingredient: any Ingredient, _ name: String, _ shape: [Int]) -> (any TwinLayer)?
{
  switch ingredient {
  case let norm as LayerNorm:
    return RowNormTwin(
      gain: "\(name).weight", bias: "\(name).bias", features: shape.last!, epsilon: norm.epsilon)
  case let norm as RMSNorm:
    return RowNormTwin(
      gain: "\(name).weight", bias: nil, features: shape.last!, epsilon: norm.epsilon)
  case let norm as GroupNorm:
    return GroupNormTwin(
      gain: "\(name).weight", bias: "\(name).bias", size: shape.reduce(1, *),
      features: shape.last!, groups: norm.groups, epsilon: norm.epsilon)
  case let attention as Attention:
    return AttentionTwin(
      name: name, time: shape[0], units: shape[1], heads: attention.heads,
      isCausal: attention.causal, isNormalized: attention.normalize)
  case let embedding as Embedding:
    return EmbeddingTwin(
      weight: "\(name).weight", positions: embedding.positions ? "\(name).positions" : nil,
      units: embedding.units, time: shape[0])
  default: return nil
  }
}

/// y = gain · (x − mean)/√(variance + epsilon) + bias on every vector; without a bias the mean is
/// left in. The derivative is the Jacobian's, entry by entry.
struct RowNormTwin: TwinLayer {
  let gain: String
  let bias: String?
  let features: Int
  let epsilon: Double

  private func statistics(_ x: ArraySlice<Double>) -> (mean: Double, root: Double) {
    let n = Double(features)
    let mean = bias == nil ? 0 : x.reduce(0, +) / n
    let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    return (mean, (variance + epsilon).squareRoot())
  }

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    let x = inputs[0]
    var y = x
    for start in stride(from: 0, to: x.count, by: features) {
      let (mean, root) = statistics(x[start..<start + features])
      for i in 0..<features {
        let offset = bias.map { parameters[$0]![i] } ?? 0
        y[start + i] = parameters[gain]![i] * (x[start + i] - mean) / root + offset
      }
    }
    return y
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback {
    let x = inputs[0]
    var dx = [Double](repeating: 0, count: x.count)
    var dGain = [Double](repeating: 0, count: features)
    var dBias = dGain
    let n = Double(features)
    for start in stride(from: 0, to: x.count, by: features) {
      let (mean, root) = statistics(x[start..<start + features])
      let standard = (0..<features).map { (x[start + $0] - mean) / root }
      for i in 0..<features {
        let g = upstream[start + i]
        dGain[i] += g * standard[i]
        dBias[i] += g
        for j in 0..<features {
          let own = (i == j ? 1 : 0) - (bias == nil ? 0 : 1 / n)
          let slope = (own - standard[i] * standard[j] / n) / root
          dx[start + j] += g * parameters[gain]![i] * slope
        }
      }
    }
    var gradients = [gain: dGain]
    if let bias { gradients[bias] = dBias }
    return Pullback(inputs: [dx], parameters: gradients)
  }
}

/// y = gain · (x − mean)/√(variance + epsilon) + bias over each group of channels in all places of
/// a row; the derivative is the Jacobian's, entry by entry.
struct GroupNormTwin: TwinLayer {
  let gain: String
  let bias: String
  /// Numbers of a row.
  let size: Int
  let features: Int
  let groups: Int
  let epsilon: Double

  /// The places of the numbers of each group of each row.
  private func members(_ count: Int) -> [[Int]] {
    let width = features / groups
    return stride(from: 0, to: count, by: size).flatMap { start in
      (0..<groups).map { group in
        (start..<start + size).filter { $0 % features / width == group }
      }
    }
  }

  private func standard(_ x: [Double]) -> (values: [Double], root: Double) {
    let n = Double(x.count)
    let mean = x.reduce(0, +) / n
    let root = (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n + epsilon).squareRoot()
    return (x.map { ($0 - mean) / root }, root)
  }

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    var y = inputs[0]
    for group in members(y.count) {
      let standard = standard(group.map { inputs[0][$0] }).values
      for (value, i) in zip(standard, group) {
        y[i] = parameters[gain]![i % features] * value + parameters[bias]![i % features]
      }
    }
    return y
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback {
    let x = inputs[0]
    var dx = [Double](repeating: 0, count: x.count)
    var dGain = [Double](repeating: 0, count: features)
    var dBias = dGain
    for group in members(x.count) {
      let (standard, root) = standard(group.map { x[$0] })
      let n = Double(group.count)
      for (i, place) in group.enumerated() {
        let channel = place % features
        dGain[channel] += upstream[place] * standard[i]
        dBias[channel] += upstream[place]
        for (j, other) in group.enumerated() {
          let slope = ((i == j ? 1 : 0) - 1 / n - standard[i] * standard[j] / n) / root
          dx[other] += upstream[place] * parameters[gain]![channel] * slope
        }
      }
    }
    return Pullback(inputs: [dx], parameters: [gain: dGain, bias: dBias])
  }
}

/// y[t] = weight[id[t]] + positions[t].
struct EmbeddingTwin: TwinLayer {
  let weight: String
  let positions: String?
  let units, time: Int

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    inputs[0].enumerated().flatMap { index, id in
      (0..<units).map { unit in
        let place = positions.map { parameters[$0]![index % time * units + unit] } ?? 0
        return parameters[weight]![Int(id) * units + unit] + place
      }
    }
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback {
    var gradients = parameters.filter { $0.key == weight || $0.key == positions }
      .mapValues { [Double](repeating: 0, count: $0.count) }
    for (index, id) in inputs[0].enumerated() {
      for unit in 0..<units {
        let g = upstream[index * units + unit]
        gradients[weight]![Int(id) * units + unit] += g
        if let positions { gradients[positions]![index % time * units + unit] += g }
      }
    }
    // An id has no gradient.
    return Pullback(
      inputs: [[Double](repeating: 0, count: inputs[0].count)], parameters: gradients)
  }
}
