import CKernels
import KeelEngine
import KeelSettings

/// The mean of all pixels, channel by channel.
///
/// **Definition** y[c] = mean of x[i, j, c] over i and j, as PyTorch's `AdaptiveAvgPool2d(1)` and
/// `Flatten`; summed in double.
///
/// **Shapes** Input [height, width, channels], output [channels].
///
/// **Effect on gradients** Each gradient is shared among height·width inputs: the norm is divided
/// by √(height·width).
///
/// **Non-finite values** pass through the mean; finite inputs have a finite one.
///
/// **References** Lin et al., *Network in network*, ICLR 2014.
public struct GlobalAveragePool2D: Layer {
  public static let name = "global-average-pool2d"
  public static let summary = "the mean of all pixels"

  public init() {}

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    _ = try network.imageAxes(input.shape)
    let layer = network.planner.name(Self.name)
    let output = try network.planner.signal(layer, Shape(input.shape.last))
    network.planner.add(
      GlobalAveragePool2DKernel(input: input, output: output), layer, reads: [input],
      writes: output)
    return output
  }
}

struct GlobalAveragePool2DKernel: Kernel {
  let input, output: Signal
  var isRowwise: Bool { true }

  func forward(_ pass: Pass) -> Bool {
    keel_average_pixels(
      pass[input.value], pass[output.value], pass.rows, input.shape.leading, input.shape.last)
    return true
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    guard let target = input.gradient else { return true }
    keel_average_pixels_gradient(
      pass[gradientOf: output], pass[target], pass.rows, input.shape.leading, input.shape.last,
      accumulation.flag(0))
    return true
  }
}

extension Choice where F == Layers {
  /// `global-average-pool2d` in a recipe.
  public static var globalAveragePool2d: Choice { Choice(GlobalAveragePool2D()) }
}
