import CKernels
import Testing

/// Products against their definition, of odd extents.
@Suite struct ProductTests {
  static let extents = [(1, 1, 1), (3, 5, 7), (37, 33, 20), (64, 130, 16), (13, 600, 129)]

  private static func numbers(_ count: Int, _ speed: Float) -> [Float] {
    (0..<count).map { (Float($0) * speed + speed).truncatingRemainder(dividingBy: 2) - 1 }
  }

  /// x wᵀ + start, x [rows, inputs], w [outputs, inputs].
  private static func product(
    _ rows: Int, _ outputs: Int, _ inputs: Int, _ x: [Float], _ w: [Float],
    from start: (Int, Int) -> Float
  ) -> [Float] {
    (0..<rows * outputs).map { index in
      let (row, output) = (index / outputs, index % outputs)
      var sum = Double(start(row, output))
      for k in 0..<inputs { sum += Double(x[row * inputs + k]) * Double(w[output * inputs + k]) }
      return Float(sum)
    }
  }

  private static func agree(_ a: [Float], _ b: [Float], _ depth: Int) -> Bool {
    let scale = b.reduce(Float(1)) { max($0, abs($1)) }
    return zip(a, b).allSatisfy { abs($0 - $1) <= 1e-6 * scale * Float(depth).squareRoot() }
  }

  /// c = or += a b + bias, where none if it is empty, of extents (rows, columns, depth) and with
  /// steps as `keel_product` has them.
  private static func multiply(
    _ extents: (Int, Int, Int), _ a: [Float], _ b: [Float],
    _ steps: (a: (Int, Int), b: (Int, Int)), _ bias: [Float], adds: Bool, to c: inout [Float],
    room: Int
  ) {
    var space = [Float](repeating: .nan, count: room + 1)
    let row = extents.1
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        bias.withUnsafeBufferPointer { bias in
          c.withUnsafeMutableBufferPointer { c in
            var product = keel_product(
              rows: extents.0, columns: extents.1, depth: extents.2, a: a.baseAddress,
              a_row: steps.a.0, a_depth: steps.a.1, b: b.baseAddress, b_depth: steps.b.0,
              b_column: steps.b.1, bias: bias.isEmpty ? nil : bias.baseAddress,
              adds: adds ? 1 : 0, c: c.baseAddress, c_row: row)
            keel_multiply(&product, &space, room)
          }
        }
      }
    }
  }

  /// Of the extents that BLAS is left with, and of some that are cut in strips, panels and depths.
  @Test(arguments: extents + [(40, 2000, 300), (101, 97, 1100), (513, 34, 65)])
  func products(_ rows: Int, _ outputs: Int, _ inputs: Int) {
    let x = Self.numbers(rows * inputs, 0.37)
    let w = Self.numbers(outputs * inputs, 0.73)
    let bias = Self.numbers(outputs, 0.11)
    var y = [Float](repeating: .nan, count: rows * outputs)
    func multiply(_ bias: [Float]?, adds: Bool, room: Int? = nil) {
      let (start, steps) = (bias ?? [], (a: (inputs, 1), b: (1, inputs)))
      Self.multiply(
        (rows, outputs, inputs), x, w, steps, start, adds: adds, to: &y,
        room: room ?? keel_product_room(rows, outputs, inputs))
    }
    multiply(bias, adds: false)
    let expected = Self.product(rows, outputs, inputs, x, w) { bias[$1] }
    #expect(Self.agree(y, expected, inputs))
    multiply(nil, adds: true)
    let added = Self.product(rows, outputs, inputs, x, w) { expected[$0 * outputs + $1] }
    #expect(Self.agree(y, added, inputs))
    y = y.map { _ in .nan }
    multiply(nil, adds: false)
    #expect(Self.agree(y, Self.product(rows, outputs, inputs, x, w) { _, _ in 0 }, inputs))
    // Without room BLAS does it, from the same description.
    y = y.map { _ in .nan }
    multiply(bias, adds: false, room: 0)
    #expect(Self.agree(y, expected, inputs))
  }

  /// dW = dyᵀ x, with dy within wider rows: a left matrix whose columns lie together.
  @Test(arguments: extents + [(300, 130, 70), (1100, 101, 97)])
  func outerProducts(_ count: Int, _ outputs: Int, _ inputs: Int) {
    let wide = outputs + 3
    let dy = Self.numbers(count * wide, 0.59)
    let x = Self.numbers(count * inputs, 0.37)
    let left = (0..<outputs * count).map { dy[$0 % count * wide + $0 / count] }
    let right = (0..<inputs * count).map { x[$0 % count * inputs + $0 / count] }
    let expected = Self.product(outputs, inputs, count, left, right) { _, _ in 0 }
    for room in [keel_product_room(outputs, inputs, count), 0] {
      var gradient = [Float](repeating: .nan, count: outputs * inputs)
      Self.multiply(
        (outputs, inputs, count), dy, x, (a: (1, wide), b: (inputs, 1)), [], adds: false,
        to: &gradient, room: room)
      #expect(Self.agree(gradient, expected, count), "room for \(room)")
    }
  }

  @Test(arguments: extents) func panels(_ rows: Int, _ outputs: Int, _ inputs: Int) {
    let x = Self.numbers(rows * inputs, 0.37)
    let w = Self.numbers(outputs * inputs, 0.73)
    let bias = Self.numbers(outputs, 0.11)
    var forward = [Float](repeating: .nan, count: keel_panel_floats(outputs, inputs))
    keel_pack_panels(w, outputs, inputs, 1, &forward)
    var y = [Float](repeating: .nan, count: rows * outputs)
    keel_panel_product(rows, outputs, inputs, x, inputs, forward, inputs, bias, &y, outputs, 0)
    let expected = Self.product(rows, outputs, inputs, x, w) { bias[$1] }
    #expect(Self.agree(y, expected, inputs))
    keel_panel_product(rows, outputs, inputs, x, inputs, forward, inputs, nil, &y, outputs, 1)
    let added = Self.product(rows, outputs, inputs, x, w) { expected[$0 * outputs + $1] }
    #expect(Self.agree(y, added, inputs))
  }

  /// dx = dy w, then of the outputs from some on alone.
  @Test(arguments: extents) func partsOfPanels(_ rows: Int, _ outputs: Int, _ inputs: Int) {
    let dy = Self.numbers(rows * outputs, 0.59)
    let w = Self.numbers(outputs * inputs, 0.73)
    let transposed = (0..<inputs * outputs).map { w[$0 % outputs * inputs + $0 / outputs] }
    var panels = [Float](repeating: .nan, count: keel_panel_floats(inputs, outputs))
    keel_pack_panels(w, outputs, inputs, 0, &panels)
    for first in Set([0, outputs / 3]) {
      let some = dy.enumerated().map { $0.offset % outputs < first ? 0 : $0.element }
      var dx = [Float](repeating: .nan, count: rows * inputs)
      keel_panel_product(
        rows, inputs, outputs - first, Array(dy[first...]), outputs,
        Array(panels[keel_panel_place(first)...]), outputs, nil, &dx, inputs, 0)
      let expected = Self.product(rows, inputs, outputs, some, transposed) { _, _ in 0 }
      #expect(Self.agree(dx, expected, outputs), "from \(first)")
    }
  }

  /// Columns of one number, over parts of unequal length: their variance is 0 to the last bit.
  @Test func aConstantColumnHasNoVariance() {
    let (rows, columns) = (100, 700)
    let constants = (0..<columns).map { 7.66137 * Float($0 + 1) }
    let x = (0..<rows).flatMap { _ in constants }
    var y = x
    var (mean, inverse) = (constants.map { -$0 }, constants)
    var variance = [Double](repeating: .nan, count: columns)
    var scratch = [Double](repeating: .nan, count: 2 * (Int(KEEL_NORM_PARTS) + 1) * columns)
    let nonFinite = keel_batch_norm(
      x, nil, nil, &y, &mean, &variance, &inverse, &scratch, rows, columns, 1e-5)
    #expect(nonFinite == 0)
    #expect(mean == constants)
    #expect(variance.allSatisfy { $0 == 0 })
    #expect(y.allSatisfy { $0 == 0 })
  }
}
