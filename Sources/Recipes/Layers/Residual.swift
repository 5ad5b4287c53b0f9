import CKernels
import KeelEngine

/// Layers with a path around them.
///
/// **Definition** y = x + layers(x).
///
/// **Shapes** The layers must give back the shape they were given.
///
/// **Effect on gradients** ∂L/∂x = ∂L/∂y + ∂L/∂y·J: nothing vanishes, but with an unscaled He branch
/// the variance doubles a block.
///
/// **References** He et al., *Deep residual learning*, CVPR 2016.
public struct Residual: Container {
  public static let name = "residual"
  public static let summary = "layers with a path around them"
  public static let fields: [Field<Residual>] = [
    .init("layers", \.layers, required: true, "the branch"),
    .init("shortcut", \.shortcut, "what the path around does"),
  ]
  public enum Shortcut: String, Word {
    case identity
  }
  public var layers: [Choice<Layers>] = []
  public var shortcut = Shortcut.identity

  public init() {}

  public func validate(at path: String) throws {
    try requireLayers(layers, at: path)
  }

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let layer = network.planner.name(Self.name)
    let branch = try network.plan(layers, at: "\(network.path).layers", input)
    guard branch.shape == input.shape else {
      throw network.error(
        "the layers turn [\(input.shape)] into [\(branch.shape)], which cannot be added",
        fix: "make the last layer give \(input.shape) again")
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

  func forward(_ pass: Pass) -> Bool {
    let count = output.value.count(rows: pass.rows)
    keel_add(pass[branch.value], pass[shortcut.value], pass[output.value], count)
    return true
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    let count = output.value.count(rows: pass.rows)
    // In reading order: where both inputs are one signal, the second is marked to add.
    if let target = branch.gradient {
      keel_copy(pass[output.gradient!], pass[target], count, accumulation.flag(0))
    }
    if let target = shortcut.gradient {
      keel_copy(pass[output.gradient!], pass[target], count, accumulation.flag(1))
    }
    return true
  }
}

extension Choice where F == Layers {
  /// `residual: {layers: […]}`
  public static func residual(_ layers: [Choice<Layers>]) -> Choice {
    var block = Residual()
    block.layers = layers
    return Choice(block)
  }
}
