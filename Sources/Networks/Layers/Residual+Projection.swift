import CKernels
import KeelEngine

/// The shortcut of a residual block whose branch changes the shape: one product of the input, added
/// to what the branch gives.
struct Projection {
  let stride: Int

  func plan(
    _ layer: String, _ input: Signal, _ branch: Signal, in network: inout NetworkBuilder
  ) throws -> Signal {
    let isImage = input.shape.axes.count == 3
    guard isImage || stride == 1 else {
      throw network.error(
        "a projection with stride \(stride) takes images [height × width × channels], "
          + "a row here is [\(input.shape)]", fix: "leave the stride out")
    }
    let fan = Fan(input: input.shape.last, output: branch.shape.last)
    // Without a stride every vector is projected alike, as the pixels of a line are.
    let image = isImage ? input.shape : Shape(1, input.shape.leading, fan.input)
    let window = try Window(1, stride: stride, padding: .valid, over: image, in: network)
    let shape =
      isImage ? window.output(channels: fan.output) : input.shape.replacingLast(with: fan.output)
    guard shape == branch.shape else {
      throw network.error(
        "the layers turn [\(input.shape)] into [\(branch.shape)], the projection with stride "
          + "\(stride) into [\(shape)], which cannot be added",
        fix: isImage
          ? "give the projection the stride of the layers, and convolutions padding: same"
          : "let the layers keep every axis but the last")
    }
    let rule = network.initializer
    let weight = try network.planner.parameter(
      layer, "weight", isImage ? Shape(fan.output, 1, 1, fan.input) : Shape(fan.output, fan.input),
      role: .weight
    ) { rule.fill($0, fan: fan, random: &$1) }
    let output = try network.planner.signal(layer, shape)
    let convolution = try Convolution(
      layer, window, filters: fan.output, of: weight, over: input, in: &network)
    network.planner.add(
      ProjectionKernel(
        branch: branch, shortcut: input, output: output, convolution: convolution), layer,
      reads: [branch, input], writes: output, parameters: [weight])
    return output
  }
}

struct ProjectionKernel: Kernel {
  let branch, shortcut, output: Signal
  let convolution: Convolution
  var isRowwise: Bool { true }

  func prepare(_ pass: Pass) { convolution.prepare(pass) }

  func forward(_ pass: Pass) -> Bool {
    convolution.forward(pass, from: shortcut, bias: nil, to: output)
    keel_copy(pass[branch.value], pass[output.value], output.value.count(rows: pass.rows), 1)
    return true
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    // In reading order: where both inputs are one signal, the second is marked to add.
    if let target = branch.gradient {
      keel_copy(
        pass[gradientOf: output], pass[target], output.value.count(rows: pass.rows),
        accumulation.flag(0))
    }
    convolution.backward(pass, from: shortcut, to: output, accumulation.flag(1))
    return true
  }
}
