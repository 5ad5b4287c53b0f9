/// A layer's formula and its derivative, in Double.
protocol TwinLayer {
  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double]
  /// The gradients of inputs and parameters, from that of the output (`upstream`).
  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback
}

struct Pullback {
  var inputs: [[Double]]
  var parameters: [String: [Double]] = [:]
}

/// y = x Wᵀ + b on every vector of length `fanIn`.
struct DenseTwin: TwinLayer {
  let weight: String
  let bias: String?
  let fanIn, units: Int

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    let (x, w) = (inputs[0], parameters[weight]!)
    let b = bias.map { parameters[$0]! }
    var y: [Double] = []
    for vector in 0..<x.count / fanIn {
      for unit in 0..<units {
        var sum = b?[unit] ?? 0
        for i in 0..<fanIn { sum += x[vector * fanIn + i] * w[unit * fanIn + i] }
        y.append(sum)
      }
    }
    return y
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback {
    let (x, w) = (inputs[0], parameters[weight]!)
    var dx = [Double](repeating: 0, count: x.count)
    var dw = [Double](repeating: 0, count: w.count)
    var db = [Double](repeating: 0, count: units)
    for vector in 0..<x.count / fanIn {
      for unit in 0..<units {
        let g = upstream[vector * units + unit]
        db[unit] += g
        for i in 0..<fanIn {
          dx[vector * fanIn + i] += g * w[unit * fanIn + i]
          dw[unit * fanIn + i] += g * x[vector * fanIn + i]
        }
      }
    }
    var gradients = [weight: dw]
    if let bias { gradients[bias] = db }
    return Pullback(inputs: [dx], parameters: gradients)
  }
}

/// y = gain · (x − mean)/√(variance + epsilon) + bias; the derivative step by step as in Ioffe and
/// Szegedy, 2015, not in the closed form that kernels use.
struct BatchNormTwin: TwinLayer {
  let gain, bias: String
  let features: Int
  let epsilon: Double

  private func column(_ x: [Double], _ feature: Int) -> [Double] {
    stride(from: feature, to: x.count, by: features).map { x[$0] }
  }

  private func statistics(_ values: [Double]) -> (mean: Double, variance: Double) {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n)
  }

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    let x = inputs[0]
    var y = x
    for feature in 0..<features {
      let (mean, variance) = statistics(column(x, feature))
      for i in stride(from: feature, to: x.count, by: features) {
        y[i] =
          parameters[gain]![feature] * (x[i] - mean) / (variance + epsilon).squareRoot()
          + parameters[bias]![feature]
      }
    }
    return y
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback {
    let x = inputs[0]
    var dx = x
    var dGain = [Double](repeating: 0, count: features)
    var dBias = dGain
    for feature in 0..<features {
      let (mean, variance) = statistics(column(x, feature))
      let root = (variance + epsilon).squareRoot()
      let places = Array(stride(from: feature, to: x.count, by: features))
      let n = Double(places.count)
      var (dVariance, dMean, deviations) = (0.0, 0.0, 0.0)
      for i in places {
        dGain[feature] += upstream[i] * (x[i] - mean) / root
        dBias[feature] += upstream[i]
        let dStandard = upstream[i] * parameters[gain]![feature]
        dVariance += dStandard * (x[i] - mean) * -0.5 / (root * root * root)
        dMean -= dStandard / root
        deviations += x[i] - mean
      }
      dMean += dVariance * -2 * deviations / n
      for i in places {
        let dStandard = upstream[i] * parameters[gain]![feature]
        dx[i] = dStandard / root + dVariance * 2 * (x[i] - mean) / n + dMean / n
      }
    }
    return Pullback(inputs: [dx], parameters: [gain: dGain, bias: dBias])
  }
}

/// y = x · mask.
struct MaskTwin: TwinLayer {
  let mask: [Double]

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    precondition(mask.count == inputs[0].count, "one mask element for each input")
    return zip(inputs[0], mask).map { $0 * $1 }
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback { Pullback(inputs: [zip(upstream, mask).map { $0 * $1 }]) }
}

/// y = a + b.
struct SumTwin: TwinLayer {
  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    zip(inputs[0], inputs[1]).map { $0 + $1 }
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback { Pullback(inputs: [upstream, upstream]) }
}
