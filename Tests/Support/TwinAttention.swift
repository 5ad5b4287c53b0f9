import Foundation

/// Multi-head self-attention, one row, head, query and key at a time, made of other twins: three
/// dense layers, a norm where there is one, and a fourth dense layer.
struct AttentionTwin: TwinLayer {
  let name: String
  let time, units, heads: Int
  let isCausal, isNormalized: Bool

  private var width: Int { units / heads }
  private var output: DenseTwin {
    DenseTwin(
      weight: "\(name).output-weight", bias: "\(name).output-bias", fanIn: units, units: units)
  }
  private var queryNorm: RowNormTwin { norm("query-gain") }
  private var keyNorm: RowNormTwin { norm("key-gain") }
  private func norm(_ gain: String) -> RowNormTwin {
    RowNormTwin(gain: "\(name).\(gain)", bias: nil, features: width, epsilon: 1e-5)
  }

  /// The third of `weight` and `bias` that makes queries, keys or values.
  private func projection(_ part: Int, _ parameters: [String: [Double]]) -> (
    layer: DenseTwin, parameters: [String: [Double]]
  ) {
    let weight = parameters["\(name).weight"]![part * units * units..<(part + 1) * units * units]
    let bias = parameters["\(name).bias"]![part * units..<(part + 1) * units]
    return (
      DenseTwin(weight: "w", bias: "b", fanIn: units, units: units),
      ["w": Array(weight), "b": Array(bias)]
    )
  }

  private struct Projections {
    /// As projected, and as compared.
    var projected: [[Double]]
    var q, k, v: [Double]
    /// By row, head, query, key.
    var weights: [Double] = []
    var context: [Double] = []
  }

  /// Where a head's part of one time begins.
  private func place(_ row: Int, _ time: Int, _ head: Int) -> Int {
    (row * self.time + time) * units + head * width
  }

  private func parts(_ x: [Double], _ parameters: [String: [Double]]) -> Projections {
    let projected = (0..<3).map { part in
      let (layer, own) = projection(part, parameters)
      return layer.forward([x], own)
    }
    var parts = Projections(projected: projected, q: projected[0], k: projected[1], v: projected[2])
    if isNormalized {
      parts.q = queryNorm.forward([parts.q], parameters)
      parts.k = keyNorm.forward([parts.k], parameters)
    }
    parts.context = [Double](repeating: 0, count: x.count)
    for row in 0..<x.count / (time * units) {
      for head in 0..<heads {
        for query in 0..<time {
          let a = place(row, query, head)
          let scores = (0..<time).map { key -> Double in
            if isCausal && key > query { return -.infinity }
            let b = place(row, key, head)
            return (0..<width).reduce(0) { $0 + parts.q[a + $1] * parts.k[b + $1] }
              / Double(width).squareRoot()
          }
          let largest = scores.max()!
          let sum = scores.reduce(0) { $0 + exp($1 - largest) }
          let weights = scores.map { exp($0 - largest) / sum }
          parts.weights += weights
          for key in 0..<time {
            let b = place(row, key, head)
            for i in 0..<width { parts.context[a + i] += weights[key] * parts.v[b + i] }
          }
        }
      }
    }
    return parts
  }

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    output.forward([parts(inputs[0], parameters).context], parameters)
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback {
    let x = inputs[0]
    let parts = parts(x, parameters)
    let last = self.output.backward([parts.context], output, upstream, parameters)
    var gradients = last.parameters
    var (dq, dk, dv) = inner(parts, last.inputs[0])
    if isNormalized {
      let query = queryNorm.backward([parts.projected[0]], parts.q, dq, parameters)
      let key = keyNorm.backward([parts.projected[1]], parts.k, dk, parameters)
      (dq, dk) = (query.inputs[0], key.inputs[0])
      gradients.merge(query.parameters) { $1 }
      gradients.merge(key.parameters) { $1 }
    }
    var dx = [Double](repeating: 0, count: x.count)
    var (dWeight, dBias): ([Double], [Double]) = ([], [])
    for (part, gradient) in [dq, dk, dv].enumerated() {
      let (layer, own) = projection(part, parameters)
      let pulled = layer.backward([x], parts.projected[part], gradient, own)
      dx = zip(dx, pulled.inputs[0]).map { $0 + $1 }
      dWeight += pulled.parameters["w"]!
      dBias += pulled.parameters["b"]!
    }
    gradients["\(name).weight"] = dWeight
    gradients["\(name).bias"] = dBias
    return Pullback(inputs: [dx], parameters: gradients)
  }

  /// From the context's gradient to those of queries, keys and values.
  private func inner(_ parts: Projections, _ dContext: [Double]) -> ([Double], [Double], [Double]) {
    let zeros = [Double](repeating: 0, count: parts.q.count)
    var (dq, dk, dv) = (zeros, zeros, zeros)
    var next = 0
    for row in 0..<parts.q.count / (time * units) {
      for head in 0..<heads {
        for query in 0..<time {
          let a = place(row, query, head)
          let weights = Array(parts.weights[next..<next + time])
          next += time
          let dWeights = (0..<time).map { key -> Double in
            let b = place(row, key, head)
            for i in 0..<width { dv[b + i] += weights[key] * dContext[a + i] }
            return (0..<width).reduce(0) { $0 + dContext[a + $1] * parts.v[b + $1] }
          }
          let mean = zip(weights, dWeights).reduce(0) { $0 + $1.0 * $1.1 }
          for key in 0..<time {
            let b = place(row, key, head)
            let dScore = weights[key] * (dWeights[key] - mean) / Double(width).squareRoot()
            for i in 0..<width {
              dq[a + i] += dScore * parts.k[b + i]
              dk[b + i] += dScore * parts.q[a + i]
            }
          }
        }
      }
    }
    return (dq, dk, dv)
  }
}
