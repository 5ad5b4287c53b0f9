import CKernels
import KeelEngine
import KeelSettings

/// A convolution over the pixels of an image.
///
/// **Definition** y[p, f] = activation(b[f] +
/// Σ w[f, i, j, c] · x[p·stride + (i, j)·dilation − padding, c]), zeros around the image, as
/// PyTorch's `Conv2d`; with `groups`, each group of filters sees its own group of channels.
/// `padding: same`: see `Padding`.
///
/// **Shapes** Input [height, width, channels], output [height′, width′, filters], height′ =
/// ⌊(height + padding − dilation·(kernel − 1) − 1)/stride⌋ + 1; weight [filters, kernel, kernel,
/// channels/groups] (PyTorch's, its second axis moved to the end), bias [filters].
///
/// **Effect on gradients** As a dense layer of fan-in kernel²·channels/groups: the squared norm
/// grows by σ²·fan-in for weights of deviation σ, less what falls into the padding.
///
/// **Non-finite values** pass through the product, times 0 as NaN. Where some pixels of the image
/// are in no window (stride, dilation), the input is looked at.
///
/// **References** LeCun et al., *Gradient-based learning applied to document recognition*, 1998.
public struct Conv2D: Affine {
  public static let name = "conv2d"
  public static let summary = "convolution over the pixels of an image"
  public static let fields: [Field<Conv2D>] = [
    .init("filters", \.filters, .atLeast(1), required: true, "output channels"),
    .init("kernel", \.kernel, .pixels(from: 1), "height and width of the window"),
    .init("stride", \.stride, .pixels(from: 1), "pixels from window to window"),
    .init("padding", \.padding, .pixels(from: 0), "valid, same, or pixels of zeros on every side"),
    .init("dilation", \.dilation, .pixels(from: 1), "pixels from tap to tap of the window"),
    .init("groups", \.groups, .atLeast(1), "groups of channels that do not mix"),
    .init("activation", \.activation, "applied to the output"),
    .init("initializer", \.initializer, "of the weight; the recipe's if not given"),
    .init("bias", \.bias, "whether to add a bias"),
    .init(
      "bias-initializer", \.biasInitializer,
      "of the bias; zeros: as the initializer has it, which is 0 but for pytorch"),
  ]
  /// Channels of the output.
  public var filters = 1
  public var kernel = 3
  /// Pixels from window to window.
  public var stride = 1
  /// What stands around the image, as zeros.
  public var padding = Padding.valid
  /// Pixels from tap to tap of the window.
  public var dilation = 1
  /// Groups of channels that do not mix; they divide channels and filters.
  public var groups = 1
  public var activation: Choice<Activations> = .linear
  public var initializer = Inherited<Choice<Initializers>>()
  /// Whether a bias is added.
  public var bias = true
  public var biasInitializer: Choice<Initializers> = .zeros

  public init() {}

  public func validate(at path: String) throws {
    try requireVector(biasInitializer, at: path)
  }

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let window = try window(over: input.shape, in: network)
    let layer = network.planner.name(Self.name)
    let fan = fan(channels: input.shape.last)
    let rule = initializer.value?.member ?? network.initializer
    let weight = try network.planner.parameter(
      layer, "weight", Shape(filters, kernel, kernel, input.shape.last / groups), role: .weight
    ) { rule.fill($0, fan: fan, random: &$1) }
    let biasRule = biasRule(rule)
    let offset =
      bias
      ? try network.planner.parameter(layer, "bias", Shape(filters), role: .bias) {
        biasRule.fill($0, fan: Fan(input: fan.input, output: fan.rows), random: &$1)
      } : nil
    let output = try network.planner.signal(layer, window.output(channels: filters))
    let convolution = try Convolution(
      layer, window, filters: filters, groups: groups, of: weight, over: input, in: &network)
    network.planner.add(
      Conv2DKernel(input: input, output: output, bias: offset, convolution: convolution), layer,
      reads: [input], writes: output, parameters: [weight] + (offset.map { [$0] } ?? []))
    return try activation.member.plan(output, in: &network)
  }

  /// kernel²·channels/groups numbers flow into an output; kernel²·filters/groups outputs see an
  /// input.
  package func fan(channels: Int) -> Fan {
    Fan(
      input: Shape(kernel, kernel, channels / groups).count,
      output: Shape(kernel, kernel, filters / groups).count, rows: filters)
  }

  private func window(over image: Shape, in network: NetworkBuilder) throws -> Window {
    let window = try Window(
      kernel, stride: stride, dilation: dilation, padding: padding, over: image, in: network)
    guard filters >= 1, groups >= 1, image.last % groups == 0, filters % groups == 0 else {
      throw network.error(
        "\(groups) groups do not divide the \(image.last) channels of [\(image)] and the "
          + "\(filters) of [\(window.output(channels: filters))]",
        fix: "use a number of groups that divides both")
    }
    return window
  }
}

struct Conv2DKernel: Kernel {
  let input, output: Signal
  let bias: Buffer?
  let convolution: Convolution
  var isRowwise: Bool { true }

  func prepare(_ pass: Pass) { convolution.prepare(pass) }

  func forward(_ pass: Pass) -> Bool {
    convolution.forward(pass, from: input, bias: bias, to: output)
    return !convolution.window.skips || pass.isFinite(input.value)
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    if let bias {
      keel_column_sums(
        pass[gradientOf: output], pass[bias.gradient],
        pass.rows * convolution.window.pixels, convolution.filters)
    }
    convolution.backward(pass, from: input, to: output, accumulation.flag(0))
    return true
  }
}

extension Pass {
  /// Whether everything in use of a buffer is finite.
  func isFinite(_ buffer: Buffer) -> Bool {
    let count = buffer.count(rows: rows)
    return keel_first_non_finite(self[buffer], count) == count
  }
}

extension Choice where F == Layers {
  /// `conv2d: {filters: …, kernel: …, …}` in a recipe.
  public static func conv2d(
    _ filters: Int, kernel: Int = 3, stride: Int = 1, padding: Padding = .valid,
    dilation: Int = 1, groups: Int = 1, activation: Choice<Activations> = .linear,
    initializer: Choice<Initializers>? = nil, bias: Bool = true,
    biasInitializer: Choice<Initializers> = .zeros
  ) -> Choice {
    var conv = Conv2D()
    (conv.filters, conv.kernel, conv.stride, conv.padding) = (filters, kernel, stride, padding)
    (conv.dilation, conv.groups, conv.bias) = (dilation, groups, bias)
    (conv.activation, conv.biasInitializer) = (activation, biasInitializer)
    conv.initializer = .init(initializer)
    return Choice(conv)
  }
}
