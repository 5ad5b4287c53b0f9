import CKernels
import KeelEngine
import KeelSettings

/// Layers with a path around them.
///
/// **Definition** y = shortcut(x) + layers(x). The shortcut is x itself (`identity`), or a product
/// without bias (`projection`): of an image a 1 × 1 convolution with a `stride`, otherwise a dense
/// layer on the last axis; its weight begins by the recipe's initializer.
///
/// **Shapes** The layers must give back what the shortcut gives: the shape they were given, or a
/// projection's, [⌈height/stride⌉, ⌈width/stride⌉, channels′] and […, units]. Weight of a
/// projection [channels′, 1, 1, channels] or [units, fan-in].
///
/// **Effect on gradients** ∂L/∂x = ∂L/∂y·P + ∂L/∂y·J, P = I for the identity: nothing vanishes, but
/// with an unscaled He branch the variance doubles a block.
///
/// **Non-finite values** pass through the sum. Where a stride leaves pixels out, the branch looks.
///
/// **References** He et al., *Deep residual learning*, CVPR 2016.
public struct Residual: Container {
  public static let name = "residual"
  public static let summary = "layers with a path around them"
  public static let fields: [Field<Residual>] = [
    .init("layers", \.layers, required: true, "the branch"),
    .init("shortcut", \.shortcut, "what the path around does: identity, or projection"),
    .init("stride", \.stride, .pixels(from: 1), "pixels from one to the next of a projection"),
  ]
  /// What the path around the layers does: nothing, or a product without bias.
  public enum Shortcut: String, Keyword {
    case identity, projection
  }
  public var layers: [Choice<Layers>] = []
  /// What the path around the layers does.
  public var shortcut = Shortcut.identity
  /// Pixels from one to the next of a projection; 1 for an identity.
  public var stride = 1

  public init() {}

  public func validate(at path: String) throws {
    try requireLayers(layers, at: path)
    guard shortcut == .projection || stride == 1 else {
      throw KeelError(
        .invalid, at: "\(path).stride", "an identity has no stride, found \(stride)",
        fix: "write shortcut: projection, or leave the stride out")
    }
  }

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let layer = network.planner.name(Self.name)
    let branch = try network.plan(layers, at: "\(network.path).layers", input)
    if shortcut == .projection {
      return try Projection(stride: stride).plan(layer, input, branch, in: &network)
    }
    guard branch.shape == input.shape else {
      throw network.error(
        "the layers turn [\(input.shape)] into [\(branch.shape)], which cannot be added",
        fix: "make the last layer give \(input.shape) again, or write shortcut: projection")
    }
    let output = try network.planner.signal(layer, input.shape)
    network.planner.add(
      AddKernel(branch: branch, shortcut: input, output: output), layer, reads: [branch, input],
      writes: output)
    return output
  }
}

struct AddKernel: Kernel {
  let branch, shortcut, output: Signal
  var isRowwise: Bool { true }

  func forward(_ pass: Pass) -> Bool {
    let count = output.value.count(rows: pass.rows)
    keel_add(pass[branch.value], pass[shortcut.value], pass[output.value], count)
    return true
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    let count = output.value.count(rows: pass.rows)
    // In reading order: where both inputs are one signal, the second is marked to add.
    if let target = branch.gradient {
      keel_copy(pass[gradientOf: output], pass[target], count, accumulation.flag(0))
    }
    if let target = shortcut.gradient {
      keel_copy(pass[gradientOf: output], pass[target], count, accumulation.flag(1))
    }
    return true
  }
}

extension Choice where F == Layers {
  /// `residual: {layers: […], shortcut: …, stride: …}` in a recipe.
  public static func residual(
    _ layers: [Choice<Layers>], shortcut: Residual.Shortcut = .identity, stride: Int = 1
  ) -> Choice {
    var block = Residual()
    (block.layers, block.shortcut, block.stride) = (layers, shortcut, stride)
    return Choice(block)
  }
}
