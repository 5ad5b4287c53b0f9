import CKernels
import KeelEngine
import KeelSettings

/// The largest number of each window, channel by channel.
///
/// **Definition** y[p, c] = max x over the window's pixels that lie inside the image, as PyTorch's
/// `MaxPool2d`; of equals the first counts. `padding: same`: see `Padding`.
///
/// **Shapes** Input [height, width, channels], output [height′, width′, channels].
///
/// **Effect on gradients** Each gradient goes to one input: where windows do not overlap the norm
/// stays what it is.
///
/// **Non-finite values** A NaN is larger than any number. All inputs are looked at: −Inf, and what
/// no window sees, would be hidden.
public struct MaxPool2D: Layer {
  public static let name = "max-pool2d"
  public static let summary = "the largest number of each window of pixels"
  public static let fields: [Field<MaxPool2D>] = [
    .init("size", \.size, .pixels(from: 1), "height and width of the window"),
    .init("stride", \.stride, .pixels(from: 1), "pixels from window to window; size if not given"),
    .init("padding", \.padding, .pixels(from: 0), "valid, same, or pixels on every side"),
  ]
  /// Height and width of the window, in pixels.
  public var size = 2
  /// Pixels from window to window; `size` where nothing is set.
  public var stride = Inherited<Int>()
  /// What stands around the image; it is never the largest.
  public var padding = Padding.valid

  public init() {}

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let window = try Window(
      pool: size, stride: stride.value ?? size, padding: padding, over: input.shape, in: network)
    let layer = network.planner.name(Self.name)
    let output = try network.planner.signal(layer, window.output(channels: input.shape.last))
    let taps = try network.planner.scratch(layer, count: output.shape.count, perRow: true)
    network.planner.add(
      MaxPool2DKernel(input: input, output: output, taps: taps, window: window), layer,
      reads: [input], writes: output)
    return output
  }
}

extension Window {
  /// A window that sees at least one pixel wherever it stands.
  init(
    pool size: Int, stride: Int, padding: Padding, over image: Shape, in network: NetworkBuilder
  ) throws {
    try self.init(size, stride: stride, padding: padding, over: image, in: network)
    guard padding.pixels <= size / 2 else {
      throw network.error(
        "padding of \(padding.pixels) pixels is more than half the window of \(size) × \(size) "
          + "over [\(image)]", fix: "use at most \(size / 2), or padding: same")
    }
  }
}

struct MaxPool2DKernel: Kernel {
  let input, output: Signal
  /// Which pixel of its window each output is, as integers.
  let taps: Buffer
  let window: Window
  var isRowwise: Bool { true }

  private func taps(_ pass: Pass) -> UnsafeMutablePointer<Int32> {
    UnsafeMutableRawPointer(pass[taps]).assumingMemoryBound(to: Int32.self)
  }

  func forward(_ pass: Pass) -> Bool {
    keel_max_pool(
      window.geometry, pass[input.value], pass[output.value], taps(pass), pass.rows) == 0
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    guard let target = input.gradient else { return true }
    keel_max_pool_gradient(
      window.geometry, taps(pass), pass[gradientOf: output], pass[target], pass.rows,
      accumulation.flag(0))
    return true
  }
}

extension Choice where F == Layers {
  /// `max-pool2d: {size: …, stride: …, padding: …}` in a recipe.
  public static func maxPool2d(
    _ size: Int = 2, stride: Int? = nil, padding: Padding = .valid
  ) -> Choice {
    var pool = MaxPool2D()
    (pool.size, pool.stride, pool.padding) = (size, .init(stride), padding)
    return Choice(pool)
  }
}
