import CKernels
import KeelEngine
import KeelSettings

/// Leaky ReLU whose one slope is learnt.
///
/// **Definition** y = x if x ≥ 0, else a·x; a begins at `slope`. One a for the layer, as PyTorch's
/// `PReLU` with one parameter.
///
/// **Effect on gradients** The slope below 0 is learnt and may grow above 1.
///
/// **Non-finite values** are counted in the input; NaN stays NaN.
///
/// **References** He et al., *Delving deep into rectifiers*, ICCV 2015.
public struct PReLU: Activation {
  public static let name = "prelu"
  public static let summary = "leaky ReLU whose slope is learnt"
  public static let fields: [Field<PReLU>] = [
    .init("slope", \.slope, .any, "slope below 0 at the start")
  ]
  /// What the learnt slope below 0 begins with.
  public var slope = 0.25

  public init() {}

  public var rootMeanSquareSlope: Double? { (0.5 + 0.5 * slope * slope).squareRoot() }

  public func referenceInitializer(_ distribution: Distribution) -> Choice<Initializers> {
    .he(distribution)
  }

  /// As it begins.
  public var elementwise: ElementwiseKernel.Functions? {
    .init(forward: keel_leaky_relu, backward: keel_leaky_relu_gradient, setting: slope)
  }

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let layer = network.planner.name(Self.name)
    let start = Float(slope)
    let parameter = try network.planner.parameter(layer, "weight", Shape(1), role: .scale) {
      values, _ in values.update(repeating: start)
    }
    let output = try network.planner.signal(layer, input.shape)
    network.planner.add(
      PReLUKernel(input: input, output: output, slope: parameter), layer, reads: [input],
      writes: output, parameters: [parameter])
    return output
  }
}

struct PReLUKernel: Kernel {
  let input, output: Signal
  let slope: Buffer
  var isRowwise: Bool { true }

  func forward(_ pass: Pass) -> Bool {
    keel_leaky_relu(
      pass[input.value], pass[output.value], input.value.count(rows: pass.rows), pass[slope][0])
      == 0
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    let count = input.value.count(rows: pass.rows)
    let (x, dy) = (pass[input.value], pass[gradientOf: output])
    pass[slope.gradient][0] = keel_prelu_slope_gradient(x, dy, count)
    guard let target = input.gradient else { return true }
    return keel_leaky_relu_gradient(
      x, pass[output.value], dy, pass[target], count, pass[slope][0], accumulation.flag(0)) == 0
  }
}

extension Choice where F: ActivationFamily {
  /// `prelu: {slope: …}` in a recipe.
  public static func prelu(slope: Double = 0.25) -> Choice {
    var activation = PReLU()
    activation.slope = slope
    return Choice(activation)
  }
}
