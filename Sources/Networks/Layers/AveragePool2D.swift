import CKernels
import KeelEngine
import KeelSettings

/// The mean of each window, channel by channel.
///
/// **Definition** y[p, c] = mean of x over the window's pixels that lie inside the image, as
/// PyTorch's `AvgPool2d` with `count_include_pad=False`, and as Keras: padding does not count.
/// `padding: same`: see `Padding`.
///
/// **Shapes** Input [height, width, channels], output [height′, width′, channels].
///
/// **Effect on gradients** Each gradient is shared among size² inputs: where windows do not overlap
/// the norm is divided by size.
///
/// **Non-finite values** pass through the mean; finite inputs have a finite one. Where some pixels
/// of the image are in no window, the input is looked at.
public struct AveragePool2D: Layer {
  public static let name = "average-pool2d"
  public static let summary = "the mean of each window of pixels"
  public static let fields: [Field<AveragePool2D>] = [
    .init("size", \.size, .pixels(from: 1), "height and width of the window"),
    .init("stride", \.stride, .pixels(from: 1), "pixels from window to window; size if not given"),
    .init("padding", \.padding, .pixels(from: 0), "valid, same, or pixels on every side"),
  ]
  /// Height and width of the window, in pixels.
  public var size = 2
  /// Pixels from window to window; `size` where nothing is set.
  public var stride = Inherited<Int>()
  /// What stands around the image; it does not count in the mean.
  public var padding = Padding.valid

  public init() {}

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let window = try Window(
      pool: size, stride: stride.value ?? size, padding: padding, over: input.shape, in: network)
    let layer = network.planner.name(Self.name)
    let output = try network.planner.signal(layer, window.output(channels: input.shape.last))
    network.planner.add(
      AveragePool2DKernel(input: input, output: output, window: window), layer, reads: [input],
      writes: output)
    return output
  }
}

struct AveragePool2DKernel: Kernel {
  let input, output: Signal
  let window: Window
  var isRowwise: Bool { true }

  func forward(_ pass: Pass) -> Bool {
    keel_average_pool(window.geometry, pass[input.value], pass[output.value], pass.rows)
    return !window.skips || pass.isFinite(input.value)
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    guard let target = input.gradient else { return true }
    keel_average_pool_gradient(
      window.geometry, pass[gradientOf: output], pass[target], pass.rows, accumulation.flag(0))
    return true
  }
}

extension Choice where F == Layers {
  /// `average-pool2d: {size: …, stride: …, padding: …}` in a recipe.
  public static func averagePool2d(
    _ size: Int = 2, stride: Int? = nil, padding: Padding = .valid
  ) -> Choice {
    var pool = AveragePool2D()
    (pool.size, pool.stride, pool.padding) = (size, .init(stride), padding)
    return Choice(pool)
  }
}
