import CKernels
import KeelEngine

/// A convolution's product with its weights: directly where its shape suits that, else by a matrix
/// of its inputs.
struct Convolution: Sendable {
  let window: Window
  let filters, groups: Int
  let weight: Buffer
  private let method: Method

  private enum Method {
    /// The weights in the order in which they are read, and room for images with their padding.
    case direct(weights: Buffer, room: Buffer, hasGradient: Int32)
    /// Where the inputs of a block of output pixels are gathered.
    case gathered(columns: Buffer, block: Int)
  }

  init(
    _ layer: String, _ window: Window, filters: Int, groups: Int = 1, of weight: Buffer,
    over input: Signal, in network: inout NetworkBuilder
  ) throws {
    (self.window, self.filters, self.groups, self.weight) = (window, filters, groups, weight)
    let geometry = window.geometry
    let hasGradient: Int32 = input.gradient == nil ? 0 : 1
    if keel_suits_direct_convolution(geometry, filters, groups, hasGradient) != 0 {
      method = .direct(
        weights: try network.planner.scratch(
          layer, count: keel_packed_floats(geometry, filters, groups), perRow: false),
        room: try network.planner.temporary(
          layer, count: keel_direct_floats(geometry, filters, groups)),
        hasGradient: hasGradient)
      return
    }
    // Half a megabyte, which stays in the second-level cache, but at least 64 pixels, below which
    // products are slow.
    let depth = weight.count / filters
    let (all, overflows) = window.pixels.multipliedReportingOverflow(by: network.planner.partRows)
    let block = min(max(64, (1 << 17) / max(depth, filters)), overflows ? .max : all)
    method = .gathered(
      columns: try network.planner.temporary(layer, count: Shape(block, depth).count),
      block: block)
  }

  /// Packs the weights; see `Kernel.prepare`.
  func prepare(_ pass: Pass) {
    guard case .direct(let weights, _, let hasGradient) = method else { return }
    keel_pack_weights(
      window.geometry, filters, groups, pass[weight], hasGradient, pass[weights])
  }

  func forward(_ pass: Pass, from input: Signal, bias: Buffer?, to output: Signal) {
    let (x, y, offset) = (pass[input.value], pass[output.value], bias.map { pass[$0] })
    switch method {
    case .direct(let weights, let room, _):
      keel_direct_convolution(
        window.geometry, filters, groups, x, pass[weights], offset, y, pass[room], pass.rows)
    case .gathered(let columns, let block):
      keel_convolution(
        window.geometry, filters, groups, x, pass[weight], offset, y, pass[columns], block,
        pass.rows)
    }
  }

  /// The gradients of the weights and, where it has one, of the input.
  /// - Parameter accumulates: 1: the input's is added to.
  func backward(_ pass: Pass, from input: Signal, to output: Signal, _ accumulates: Int32) {
    let (x, dy, dx) = (pass[input.value], pass[gradientOf: output], input.gradient.map { pass[$0] })
    switch method {
    case .direct(let weights, let room, _):
      keel_direct_convolution_gradient(
        window.geometry, filters, groups, x, pass[weights], dy, pass[weight.gradient], dx,
        pass[room], pass.rows, accumulates)
    case .gathered(let columns, let block):
      keel_convolution_gradient(
        window.geometry, filters, groups, x, pass[weight], dy, pass[weight.gradient], dx,
        pass[columns], block, pass.rows, accumulates)
    }
  }
}
