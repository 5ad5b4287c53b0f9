import KeelNetworks
import KeelRecipes

/// A layer over images, or one that makes vectors of them: its formula, and the shape that comes
/// out.
protocol ImageTwinned: Layer {
  func twin(_ name: String, _ shape: [Int]) -> (any TwinLayer, [Int])
}

/// A square window over [height, width, channels].
struct WindowTwin {
  let height, width, channels: Int
  let size, stride, dilation: Int
  let padding: Padding

  init(
    _ shape: [Int], size: Int, stride: Int, dilation: Int = 1, padding: Padding
  ) {
    (height, width, channels) = (shape[0], shape[1], shape[2])
    (self.size, self.stride, self.dilation, self.padding) = (size, stride, dilation, padding)
  }

  private func outputs(_ extent: Int) -> Int {
    let reach = dilation * (size - 1) + 1
    switch padding {
    case .valid: return (extent - reach) / stride + 1
    case .pixels(let count): return (extent + 2 * count - reach) / stride + 1
    case .same: return (extent + stride - 1) / stride
    }
  }

  private func before(_ extent: Int) -> Int {
    switch padding {
    case .valid: return 0
    case .pixels(let count): return count
    case .same:
      return max(0, (outputs(extent) - 1) * stride + dilation * (size - 1) + 1 - extent) / 2
    }
  }

  var outputHeight: Int { outputs(height) }
  var outputWidth: Int { outputs(width) }
  var inputCount: Int { height * width * channels }

  /// One pixel of the image as an output pixel sees it.
  struct Tap {
    /// Place in the window, row by row.
    let index: Int
    /// Place in the image, row by row.
    let pixel: Int
  }

  /// The taps of an output pixel that lie inside the image.
  func taps(_ y: Int, _ x: Int) -> [Tap] {
    var taps: [Tap] = []
    for i in 0..<size {
      for j in 0..<size {
        let line = y * stride + i * dilation - before(height)
        let column = x * stride + j * dilation - before(width)
        guard line >= 0, line < height, column >= 0, column < width else { continue }
        taps.append(Tap(index: i * size + j, pixel: line * width + column))
      }
    }
    return taps
  }

  /// Every output pixel in order, with its taps.
  var pixels: [[Tap]] {
    (0..<outputHeight).flatMap { y in (0..<outputWidth).map { x in taps(y, x) } }
  }
}

/// y[p, f] = Σ w[f, i, j, c] x[p + (i, j), c] + b[f], a group of filters on its group of channels.
struct Conv2DTwin: TwinLayer {
  let weight: String
  let bias: String?
  let window: WindowTwin
  let filters, groups: Int

  /// Calls `body` with the places of every product: output, input, weight.
  private func products(_ count: Int, _ body: (Int, Int, Int) -> Void) {
    let channels = window.channels / groups
    let pixels = window.pixels
    for row in 0..<count / window.inputCount {
      for (p, taps) in pixels.enumerated() {
        for f in 0..<filters {
          let first = f / (filters / groups) * channels
          for tap in taps {
            for c in 0..<channels {
              body(
                (row * pixels.count + p) * filters + f,
                row * window.inputCount + tap.pixel * window.channels + first + c,
                (f * window.size * window.size + tap.index) * channels + c)
            }
          }
        }
      }
    }
  }

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    let (x, w) = (inputs[0], parameters[weight]!)
    let rows = x.count / window.inputCount
    let start = bias.map { parameters[$0]! } ?? [Double](repeating: 0, count: filters)
    var y = (0..<rows * window.pixels.count).flatMap { _ in start }
    products(x.count) { y[$0] += x[$1] * w[$2] }
    return y
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback {
    let (x, w) = (inputs[0], parameters[weight]!)
    var dx = [Double](repeating: 0, count: x.count)
    var dw = [Double](repeating: 0, count: w.count)
    products(x.count) {
      dx[$1] += upstream[$0] * w[$2]
      dw[$2] += upstream[$0] * x[$1]
    }
    var gradients = [weight: dw]
    if let bias {
      gradients[bias] = (0..<filters).map { filter in
        stride(from: filter, to: upstream.count, by: filters).reduce(0) { $0 + upstream[$1] }
      }
    }
    return Pullback(inputs: [dx], parameters: gradients)
  }
}

extension Conv2D: ImageTwinned {
  func twin(_ name: String, _ shape: [Int]) -> (any TwinLayer, [Int]) {
    let window = WindowTwin(
      shape, size: kernel, stride: stride, dilation: dilation, padding: padding)
    let layer = Conv2DTwin(
      weight: "\(name).weight", bias: bias ? "\(name).bias" : nil, window: window,
      filters: filters, groups: groups)
    return (layer, [window.outputHeight, window.outputWidth, filters])
  }
}

/// What a pool makes of the numbers of one window and channel: y = Σ share · x.
struct PoolTwin: TwinLayer {
  let window: WindowTwin
  let shares: @Sendable ([Double]) -> [Double]

  private func each(_ x: [Double], _ body: (Int, [Int], [Double]) -> Void) {
    let pixels = window.pixels
    for row in 0..<x.count / window.inputCount {
      for (p, taps) in pixels.enumerated() {
        for c in 0..<window.channels {
          let places = taps.map { row * window.inputCount + $0.pixel * window.channels + c }
          body(
            (row * pixels.count + p) * window.channels + c, places, shares(places.map { x[$0] }))
        }
      }
    }
  }

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    var y: [Double] = []
    each(inputs[0]) { _, places, shares in
      // A share of 0 takes nothing, not even of a NaN.
      y.append(zip(places, shares).reduce(0) { $1.1 == 0 ? $0 : $0 + $1.1 * inputs[0][$1.0] })
    }
    return y
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback {
    var dx = [Double](repeating: 0, count: inputs[0].count)
    each(inputs[0]) { out, places, shares in
      for (place, share) in zip(places, shares) { dx[place] += upstream[out] * share }
    }
    return Pullback(inputs: [dx])
  }
}

extension PoolTwin {
  /// All of it to the first of the largest, or to the last NaN.
  static func largest(_ values: [Double]) -> [Double] {
    let chosen =
      values.lastIndex(where: \.isNaN) ?? values.firstIndex(of: values.max()!)!
    return values.indices.map { $0 == chosen ? 1 : 0 }
  }

  static func mean(_ values: [Double]) -> [Double] {
    values.map { _ in 1 / Double(values.count) }
  }
}

extension MaxPool2D: ImageTwinned {
  func twin(_ name: String, _ shape: [Int]) -> (any TwinLayer, [Int]) {
    let window = WindowTwin(shape, size: size, stride: stride.value ?? size, padding: padding)
    return (
      PoolTwin(window: window, shares: PoolTwin.largest),
      [window.outputHeight, window.outputWidth, window.channels]
    )
  }
}

extension AveragePool2D: ImageTwinned {
  func twin(_ name: String, _ shape: [Int]) -> (any TwinLayer, [Int]) {
    let window = WindowTwin(shape, size: size, stride: stride.value ?? size, padding: padding)
    return (
      PoolTwin(window: window, shares: PoolTwin.mean),
      [window.outputHeight, window.outputWidth, window.channels]
    )
  }
}

extension GlobalAveragePool2D: ImageTwinned {
  /// A window as large as the image, once; a square one with `same` would not do for other images.
  func twin(_ name: String, _ shape: [Int]) -> (any TwinLayer, [Int]) {
    (PixelMeanTwin(pixels: shape[0] * shape[1], channels: shape[2]), [shape[2]])
  }
}

/// y[c] = mean of x[p, c] over the pixels p.
struct PixelMeanTwin: TwinLayer {
  let pixels, channels: Int

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    rows(inputs[0], pixels * channels).flatMap { row in
      (0..<channels).map { channel in
        (0..<pixels).reduce(0) { $0 + row[$1 * channels + channel] } / Double(pixels)
      }
    }
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback {
    let shares = rows(upstream, channels).flatMap { row in
      (0..<pixels).flatMap { _ in row.map { $0 / Double(pixels) } }
    }
    return Pullback(inputs: [shares])
  }
}

/// y = branch + shortcut, the shortcut a product of x.
struct ProjectionTwin: TwinLayer {
  let shortcut: any TwinLayer

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    zip(inputs[0], shortcut.forward([inputs[1]], parameters)).map { $0 + $1 }
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback {
    let pulled = shortcut.backward([inputs[1]], output, upstream, parameters)
    return Pullback(inputs: [upstream] + pulled.inputs, parameters: pulled.parameters)
  }
}

extension Residual {
  /// What adds the branch to the path around it.
  func twin(_ name: String, _ shape: [Int], _ branch: [Int]) -> any TwinLayer {
    guard shortcut == .projection else { return SumTwin() }
    let weight = "\(name).weight"
    guard shape.count == 3 else {
      return ProjectionTwin(
        shortcut: DenseTwin(weight: weight, bias: nil, fanIn: shape.last!, units: branch.last!))
    }
    let window = WindowTwin(shape, size: 1, stride: stride, padding: .valid)
    return ProjectionTwin(
      shortcut: Conv2DTwin(
        weight: weight, bias: nil, window: window, filters: branch.last!, groups: 1))
  }
}
