import CKernels
import KeelEngine

/// Products with one matrix of weights, [outputs, inputs], that is used many times in a pass: by
/// every part of a batch, in every step of a recurrence.
///
/// It is packed once a pass, where it is large enough for that, and stays with BLAS elsewhere.
struct Product: Sendable {
  let weight: Buffer
  let outputs, inputs: Int
  private let panels: Panels?

  private struct Panels {
    let forward, backward: Buffer
  }

  /// - Parameter uses: vectors a row that are multiplied.
  init(
    _ layer: String, _ weight: Buffer, outputs: Int, inputs: Int, uses: Int,
    in network: inout NetworkBuilder
  ) throws {
    (self.weight, self.outputs, self.inputs) = (weight, outputs, inputs)
    // At least a vector of the widest processor, and at most the 4 MB that were measured: beyond
    // them BLAS is as fast.
    let isWide = min(outputs, inputs) >= 16 && outputs * inputs <= 1 << 20
    guard Self.isManyTimes(uses), isWide else {
      panels = nil
      return
    }
    func packed(_ outputs: Int, _ depth: Int) throws -> Buffer {
      try network.planner.scratch(
        layer, count: keel_panel_floats(outputs, depth), perRow: false)
    }
    panels = Panels(
      forward: try packed(outputs, inputs), backward: try packed(inputs, outputs))
  }

  /// Whether a product of few rows is as fast as one of many: the weights that it passes by then
  /// lie in a core's own cache.
  var suitsFewRows: Bool { outputs * inputs <= 1 << (panels == nil ? 12 : 18) }

  /// Whether so many vectors a row are worth packing weights for, and few rows a product.
  static func isManyTimes(_ uses: Int) -> Bool { uses >= 16 }

  /// Packs the weights; see `Kernel.prepare`.
  func prepare(_ pass: Pass) {
    guard let panels else { return }
    keel_pack_panels(pass[weight], outputs, inputs, 1, pass[panels.forward])
    keel_pack_panels(pass[weight], outputs, inputs, 0, pass[panels.backward])
  }

  /// y = x Wᵀ + bias, or y += x Wᵀ, of `count` vectors.
  func forward(
    _ pass: Pass, _ count: Int, _ x: UnsafePointer<Float>, bias: Buffer? = nil,
    to y: UnsafeMutablePointer<Float>, adds: Bool = false
  ) {
    if let panels {
      keel_panel_product(
        count, outputs, inputs, x, inputs, pass[panels.forward], inputs, bias.map { pass[$0] }, y,
        outputs, adds ? 1 : 0)
    } else if adds {
      keel_gemm(0, 1, count, outputs, inputs, 1, x, pass[weight], 1, y)
    } else {
      keel_affine(count, outputs, inputs, x, pass[weight], bias.map { pass[$0] }, y)
    }
  }

  /// dx = or += dy W, of `count` vectors.
  /// - Parameters:
  ///   - part: the outputs that dy is of; nil: all.
  ///   - row: floats from one vector of dy to the next; nil: as many as it has.
  func backward(
    _ pass: Pass, _ count: Int, _ dy: UnsafePointer<Float>, part: Range<Int>? = nil,
    row: Int? = nil, to dx: UnsafeMutablePointer<Float>, adds: Bool
  ) {
    let part = part ?? 0..<outputs
    let row = row ?? part.count
    if let panels {
      keel_panel_product(
        count, inputs, part.count, dy, row,
        pass[panels.backward] + keel_panel_place(part.lowerBound), outputs, nil, dx, inputs,
        adds ? 1 : 0)
    } else {
      keel_gemm_strided(
        0, 0, count, inputs, part.count, 1, dy, row, pass[weight] + part.lowerBound * inputs,
        inputs, adds ? 1 : 0, dx, inputs)
    }
  }

  /// The gradient of the weights, of `count` vectors.
  func weightGradient(
    _ pass: Pass, _ count: Int, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>
  ) {
    keel_gemm(1, 0, outputs, inputs, count, 1, dy, x, 0, pass[weight.gradient])
  }
}

extension Accumulation {
  /// Whether the gradient of an input is added to.
  func adds(_ index: Int) -> Bool { flag(index) != 0 }
}
