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

  @Test(arguments: extents) func affine(_ rows: Int, _ outputs: Int, _ inputs: Int) {
    let x = Self.numbers(rows * inputs, 0.37)
    let w = Self.numbers(outputs * inputs, 0.73)
    let bias = Self.numbers(outputs, 0.11)
    var y = [Float](repeating: .nan, count: rows * outputs)
    keel_affine(rows, outputs, inputs, x, w, bias, &y)
    #expect(Self.agree(y, Self.product(rows, outputs, inputs, x, w) { bias[$1] }, inputs))
    y = y.map { _ in .nan }
    keel_affine(rows, outputs, inputs, x, w, nil, &y)
    #expect(Self.agree(y, Self.product(rows, outputs, inputs, x, w) { _, _ in 0 }, inputs))
  }

  /// A product that is cut along its columns has its own part of the bias in each.
  @Test func aWideOneHasItsBias() { affine(40, 2000, 300) }

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
