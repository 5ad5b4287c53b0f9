import CKernels
import KeelEngine

/// Products with one matrix of weights, [outputs, inputs]: forward, backward, and its gradient.
///
/// Weights that are used many times in a pass, by every part of a batch or in every step of a
/// recurrence, are packed once a pass, where they are large enough for that. All other products
/// pack what they need in `room`, or stay with BLAS where they are small.
struct Product: Sendable {
  let weight: Buffer
  let outputs, inputs: Int
  private let panels: Panels?
  private let room: Buffer?

  private struct Panels {
    let forward, backward: Buffer
  }

  /// - Parameters:
  ///   - uses: vectors a row that are multiplied.
  ///   - rows: as many as are multiplied at a time.
  init(
    _ layer: String, _ weight: Buffer, outputs: Int, inputs: Int, uses: Int, rows: Int,
    in network: inout NetworkBuilder
  ) throws {
    (self.weight, self.outputs, self.inputs) = (weight, outputs, inputs)
    let vectors = rows * uses
    var floats = keel_product_room(outputs, inputs, vectors)
    if Self.arePacked(outputs, inputs, uses: uses) {
      func packed(_ outputs: Int, _ depth: Int) throws -> Buffer {
        try network.planner.scratch(
          layer, count: keel_panel_floats(outputs, depth), perRow: false)
      }
      panels = Panels(
        forward: try packed(outputs, inputs), backward: try packed(inputs, outputs))
    } else {
      panels = nil
      floats = max(
        floats, keel_product_room(vectors, outputs, inputs),
        keel_product_room(vectors, inputs, outputs))
    }
    room = floats == 0 ? nil : try network.planner.temporary(layer, count: floats)
  }

  /// Whether so many vectors a row are worth packing weights for, and few rows a product.
  static func isManyTimes(_ uses: Int) -> Bool { uses >= 16 }

  /// Whether weights are packed once a pass: at least a vector of the widest processor, and at most
  /// the 4 MB that were measured.
  private static func arePacked(_ outputs: Int, _ inputs: Int, uses: Int) -> Bool {
    isManyTimes(uses) && min(outputs, inputs) >= 16 && outputs * inputs <= 1 << 20
  }

  /// Whether a product of few rows is as fast as one of many: the weights that it passes by then
  /// lie in a core's own cache.
  static func suitsFewRows(outputs: Int, inputs: Int, uses: Int) -> Bool {
    outputs * inputs <= 1 << (arePacked(outputs, inputs, uses: uses) ? 18 : 12)
  }

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
    let bias = bias.map { UnsafePointer(pass[$0]) }
    if let panels {
      keel_panel_product(
        count, outputs, inputs, x, inputs, pass[panels.forward], inputs, bias, y, outputs,
        adds ? 1 : 0)
    } else {
      multiply(
        pass,
        keel_product(
          rows: count, columns: outputs, depth: inputs, a: x, a_row: inputs, a_depth: 1,
          b: pass[weight], b_depth: 1, b_column: inputs, bias: bias, adds: adds ? 1 : 0, c: y,
          c_row: outputs))
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
      multiply(
        pass,
        keel_product(
          rows: count, columns: inputs, depth: part.count, a: dy, a_row: row, a_depth: 1,
          b: pass[weight] + part.lowerBound * inputs, b_depth: inputs, b_column: 1, bias: nil,
          adds: adds ? 1 : 0, c: dx, c_row: inputs))
    }
  }

  /// The gradient of the weights, of `count` vectors: dW = dyᵀ x, 0 where there are none.
  /// - Parameters:
  ///   - part: the outputs that dy is of, and whose weights' gradients are written; nil: all.
  ///   - row: floats from one vector of dy to the next; nil: as many as it has.
  func weightGradient(
    _ pass: Pass, _ count: Int, _ dy: UnsafePointer<Float>, part: Range<Int>? = nil,
    row: Int? = nil, _ x: UnsafePointer<Float>
  ) {
    let part = part ?? 0..<outputs
    let gradient = pass[weight.gradient] + part.lowerBound * inputs
    guard count > 0 else { return keel_fill(gradient, part.count * inputs, 0) }
    multiply(
      pass,
      keel_product(
        rows: part.count, columns: inputs, depth: count, a: dy, a_row: 1,
        a_depth: row ?? part.count, b: x, b_depth: inputs, b_column: 1, bias: nil, adds: 0,
        c: gradient, c_row: inputs))
  }

  private func multiply(_ pass: Pass, _ product: keel_product) {
    withUnsafePointer(to: product) {
      keel_multiply($0, room.map { pass[$0] }, room?.count ?? 0)
    }
  }
}

extension Accumulation {
  /// Whether the gradient of an input is added to.
  func adds(_ index: Int) -> Bool { flag(index) != 0 }
}
