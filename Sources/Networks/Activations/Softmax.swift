import CKernels
import KeelEngine
import KeelSettings

/// Exponentials over the last axis, divided by their sum.
///
/// **Definition** yᵢ = exp(xᵢ − max x)/Σ exp(xⱼ − max x).
///
/// **Shapes** Any; the sum runs over the last axis.
///
/// **Effect on gradients** Where one output is near 1 the slope is near 0.
///
/// **Non-finite values** are counted in the input; a row with a NaN becomes NaN.
public struct Softmax: Activation {
  public static let name = "softmax"
  public static let summary = "exponentials over the last axis, divided by their sum"

  public init() {}

  public var targetRange: ClosedRange<Float> { 0...1 }

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let layer = network.planner.name(Self.name)
    let output = try network.planner.signal(layer, input.shape)
    network.planner.add(
      SoftmaxKernel(input: input, output: output), layer, reads: [input], writes: output)
    return output
  }
}

struct SoftmaxKernel: Kernel {
  let input, output: Signal
  var isRowwise: Bool { true }

  func forward(_ pass: Pass) -> Bool {
    keel_softmax(
      pass[input.value], pass[output.value], pass.rows * input.shape.leading, input.shape.last) == 0
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    guard let target = input.gradient else { return true }
    return keel_softmax_gradient(
      pass[output.value], pass[gradientOf: output], pass[target], pass.rows * input.shape.leading,
      input.shape.last, accumulation.flag(0)) == 0
  }
}

extension Choice where F: ActivationFamily {
  /// `softmax` in a recipe.
  public static var softmax: Choice { Choice(Softmax()) }
}
