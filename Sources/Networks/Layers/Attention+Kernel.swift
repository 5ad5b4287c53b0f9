import CKernels
import KeelEngine

/// What `attention` computes: one product for queries, keys and values of all rows, the attention
/// of each row and head, one product for the output.
struct AttentionKernel: ScoringKernel {
  /// Normalised queries and keys.
  struct Norm {
    let queryGain, keyGain: Buffer
    /// [time, 2·units]: queries, keys.
    let signal: Signal
    /// Of all queries of a head after one another, head by head, then of all keys.
    let statistics: Buffer
    /// The gradient of one gain as it is summed, in double.
    let sums: Buffer
    let epsilon = 1e-5
  }
  var isRowwise: Bool { true }

  let input, output: Signal
  let projection: Product
  let bias: Buffer
  let outputProjection: Product
  let outputBias: Buffer
  let norm: Norm?
  /// [time, 3·units]: queries, keys, values.
  let projected: Signal
  /// The heads side by side, before the output projection.
  let context: Signal
  /// Of the softmax, [heads, time, time].
  let weights: Buffer
  let scratch: Buffer
  let heads: Int
  let isCausal: Bool

  private var time: Int { input.shape.leading }
  private var units: Int { input.shape.last }
  private var width: Int { units / heads }

  var parameters: [Buffer] {
    [projection.weight, bias, outputProjection.weight, outputBias]
      + (norm.map { [$0.queryGain, $0.keyGain] } ?? [])
  }

  var inner: [Signal] { [projected, context] + (norm.map { [$0.signal] } ?? []) }

  /// What the scores are computed from; values always come from `projected`.
  private var compared: Signal { norm?.signal ?? projected }

  private func layout(_ pass: Pass) -> keel_attention_layout {
    keel_attention_layout(
      rows: pass.rows, time: time, heads: heads, width: width,
      query_stride: norm == nil ? 3 * units : 2 * units, value_stride: 3 * units,
      causal: isCausal ? 1 : 0)
  }

  func prepare(_ pass: Pass) {
    projection.prepare(pass)
    outputProjection.prepare(pass)
  }

  func forward(_ pass: Pass) -> Bool {
    let rows = pass.rows * time
    projection.forward(
      pass, rows, pass[input.value], bias: bias, to: pass[projected.value])
    let isNormFinite = normalize(pass)
    let (queries, values) = (pass[compared.value], pass[projected.value] + 2 * units)
    let nonFinite = keel_attention(
      layout(pass), queries, queries + units, values, pass[weights], pass[context.value])
    outputProjection.forward(
      pass, rows, pass[context.value], bias: outputBias, to: pass[output.value])
    return isNormFinite && nonFinite == 0
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    differentiate(
      outputProjection, outputBias, pass, pass[gradientOf: output], from: pass[context.value],
      to: pass[gradientOf: context], adds: false)
    let (queries, values) = (pass[compared.value], pass[projected.value] + 2 * units)
    let gradient = pass[gradientOf: compared]
    let nonFinite = keel_attention_gradient(
      layout(pass), queries, queries + units, values, pass[weights], pass[gradientOf: context],
      pass[scratch], gradient, gradient + units, pass[gradientOf: projected] + 2 * units)
    let isNormFinite = differentiateNorm(pass)
    differentiate(
      projection, bias, pass, pass[gradientOf: projected], from: pass[input.value],
      to: input.gradient.map { pass[$0] }, adds: accumulation.adds(0))
    return isNormFinite && nonFinite == 0
  }

  /// The gradients of y = x·Wᵀ + b, x [rows, units] and y [rows, outputs].
  private func differentiate(
    _ product: Product, _ bias: Buffer, _ pass: Pass, _ gradient: UnsafeMutablePointer<Float>,
    from source: UnsafeMutablePointer<Float>, to target: UnsafeMutablePointer<Float>?, adds: Bool
  ) {
    let rows = pass.rows * time
    product.weightGradient(pass, rows, gradient, source)
    keel_column_sums(gradient, pass[bias.gradient], rows, product.outputs)
    if let target { product.backward(pass, rows, gradient, to: target, adds: adds) }
  }

  func largestScore(_ pass: Pass) -> Float {
    let (queries, stride) = (pass[compared.value], layout(pass).query_stride)
    let scale = 1 / Float(width).squareRoot()
    var scores = [Float](repeating: 0, count: time * time)
    var largest = -Float.infinity
    for row in 0..<pass.rows {
      for head in 0..<heads {
        let query = queries + row * time * stride + head * width
        keel_gemm_strided(
          0, 1, time, time, width, scale, query, stride, query + units, stride, 0, &scores, time)
        for place in 0..<time {
          let seen = scores[place * time..<place * time + (isCausal ? place + 1 : time)]
          guard !seen.contains(where: \.isNaN) else { return .nan }
          largest = max(largest, seen.max() ?? largest)
        }
      }
    }
    return largest
  }

  // MARK: query–key normalisation

  private func normalize(_ pass: Pass) -> Bool {
    guard let norm else { return true }
    let rows = pass.rows * time
    var nonFinite: Int64 = 0
    // Queries of every head, then keys: both lie first, and alike, in a row of either buffer.
    for part in 0..<2 * heads {
      nonFinite += keel_layer_norm(
        pass[projected.value] + part * width, 3 * units,
        pass[part < heads ? norm.queryGain : norm.keyGain], nil,
        pass[norm.signal.value] + part * width, 2 * units,
        pass.doubles(norm.statistics) + 2 * part * rows, rows, width, norm.epsilon, 0)
    }
    return nonFinite == 0
  }

  private func differentiateNorm(_ pass: Pass) -> Bool {
    guard let norm else { return true }
    let areQueriesFinite = differentiate(norm, norm.queryGain, parts: 0..<heads, pass)
    return differentiate(norm, norm.keyGain, parts: heads..<2 * heads, pass) && areQueriesFinite
  }

  /// Of the heads of queries or of keys, which share a gain.
  private func differentiate(
    _ norm: Norm, _ gain: Buffer, parts: Range<Int>, _ pass: Pass
  ) -> Bool {
    let rows = pass.rows * time
    let sums = pass.doubles(norm.sums)
    var nonFinite: Int64 = 0
    sums.update(repeating: 0, count: width)
    for part in parts {
      nonFinite += keel_layer_norm_gradient(
        pass[projected.value] + part * width, 3 * units, pass[gain],
        pass.doubles(norm.statistics) + 2 * part * rows,
        pass[gradientOf: norm.signal] + part * width, 2 * units,
        pass[gradientOf: projected] + part * width, 3 * units, sums, nil, rows, width, 0, 0)
    }
    keel_round_sums(sums, pass[gain.gradient], width)
    return nonFinite == 0
  }
}
