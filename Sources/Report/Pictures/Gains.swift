/// By how much each layer multiplies the signal going forward and the gradient going back.
///
/// Measurements are filled marks, theory is open ones; a gain of 1 keeps what goes through.
package struct Gains: Picture {
  /// What is known of one layer; each may be missing.
  package struct Layer: Equatable, Sendable {
    package let name: String
    package let forward: Double?
    package let backward: Double?
    package let forwardTheory: Double?
    package let backwardTheory: Double?

    package init(
      _ name: String, forward: Double?, backward: Double?, forwardTheory: Double? = nil,
      backwardTheory: Double? = nil
    ) {
      (self.name, self.forward, self.backward) = (name, forward, backward)
      (self.forwardTheory, self.backwardTheory) = (forwardTheory, backwardTheory)
    }
  }

  private struct Kind: Sendable {
    let value: @Sendable (Layer) -> Double?
    let name: String
    let shape: Mark
    let style: String
    let line: String
    /// How far from the middle of its row.
    let shift: Double
  }

  private static let kinds = [
    Kind(
      value: \.forwardTheory, name: "forward, theory", shape: .dot, style: "s0 open",
      line: "thin s0 d1", shift: -3),
    Kind(
      value: \.backwardTheory, name: "backward, theory", shape: .square, style: "s1 open",
      line: "thin s1 d1", shift: 3),
    Kind(
      value: \.forward, name: "forward, measured", shape: .dot, style: "f0", line: "", shift: -3),
    Kind(
      value: \.backward, name: "backward, measured", shape: .square, style: "f1", line: "",
      shift: 3),
  ]

  private let layers: [Layer]
  private let rows: LayerRows

  /// - Parameter layers: from the input to the output.
  /// - Returns: nil where no gain is known.
  package init?(_ layers: [Layer]) {
    guard layers.contains(where: { layer in Self.kinds.contains { $0.value(layer) != nil } })
    else { return nil }
    (self.layers, rows) = (layers, LayerRows(layers.map(\.name)))
  }

  package var title: String { "Gain of each layer, forward and backward" }

  package var description: String {
    let products = products.isEmpty ? "" : " " + products.joined(separator: "; ") + "."
    return
      "Gains of \(Numerals.count(layers.count)) layers, from the input at the top to the output "
      + "at the foot, on a logarithmic axis; 1 keeps the norm.\(products)"
  }

  /// What all gains come to: `backward × 10⁹ from dense-20 to dense-1`, measured and by theory.
  private var products: [String] {
    guard layers.count > 1 else { return [] }
    let (first, last) = (rows.shortName(0), rows.shortName(layers.count - 1))
    let ways: [(String, String, String, (Layer) -> Double?, (Layer) -> Double?)] = [
      ("forward", first, last, \.forward, \.forwardTheory),
      ("backward", last, first, \.backward, \.backwardTheory),
    ]
    return ways.compactMap { way, from, to, measured, theory in
      let place = " from \(SVG.cut(from, to: 24)) to \(SVG.cut(to, to: 24))"
      return switch (product(measured), product(theory)) {
      case (let measured?, let theory?): "\(way) × \(measured)\(place) (theory: × \(theory))"
      case (let measured?, nil): "\(way) × \(measured)\(place)"
      case (nil, let theory?): "\(way) × \(theory)\(place), by theory"
      case (nil, nil): nil
      }
    }
  }

  /// The product of the gains that are known; nil where none is.
  private func product(_ value: (Layer) -> Double?) -> String? {
    let known = layers.compactMap(value)
    return known.isEmpty ? nil : Numerals.short(known.reduce(1, *))
  }

  // MARK: the drawing

  private let top = 92.0
  private var height: Double { Double(rows.count) * rows.height }

  package var drawing: SVG {
    let products = products
    let foot = top + height + 44
    var svg = SVG(
      title: title, description: description, height: foot + Double(products.count) * 20 + 10)
    let panel = panel
    drawLegend(in: &svg)
    svg.rect(x: panel.left, y: top, width: panel.width, height: height, "panel")
    panel.drawFoot(in: &svg, "gain (ratio of norms, log scale; 1 keeps what goes through)")
    for row in 1..<max(1, rows.count) {
      let y = top + Double(row) * rows.height
      svg.line(panel.left, y, panel.right, y, "g")
    }
    rows.drawNames(in: &svg, left: panel.left, top: top)
    rows.drawHeading(in: &svg, y: top - 10)
    svg.line(panel.x(1.0), top, panel.x(1.0), top + height, "rule ink")
    for kind in Self.kinds { draw(kind, in: &svg, panel) }
    for (index, product) in products.enumerated() {
      svg.text(
        SVG.fitted(product, to: SVG.width - 24), x: 12, y: foot + 14 + Double(index) * 20, "b")
    }
    return svg
  }

  private var panel: Panel {
    let values = layers.flatMap { layer in Self.kinds.compactMap { $0.value(layer) } }
      .filter { $0 > 0 && $0 < .infinity }
    let range = min(values.min() ?? 1, 0.5)...max(values.max() ?? 1, 2)
    let left = rows.gutter(most: 215)
    return Panel(
      x: Axis(logarithmic: range, ticks: 9), y: Axis(logarithmic: nil), left: left, top: top,
      width: SVG.width - left - 30, height: height)
  }

  private func draw(_ kind: Kind, in svg: inout SVG, _ panel: Panel) {
    var (places, lost): ([(x: Double, y: Double)], [(x: Double, y: Double)]) = ([], [])
    for row in 0..<rows.count {
      guard let value = extreme(rows.groups[row], kind.value) else { continue }
      let y = top + (Double(row) + 0.5) * rows.height + kind.shift
      // At the right what is too large or no number, at the left what is zero.
      if value.isFinite, value > 0 {
        places.append((panel.x(value), y))
      } else {
        lost.append((value == 0 ? panel.left : panel.right, y))
      }
    }
    if !kind.line.isEmpty, let first = places.first {
      svg.path(
        "M\(SVG.pair(first.x, first.y))"
          + places.dropFirst().map { "L\(SVG.pair($0.x, $0.y))" }.joined(), kind.line)
    }
    svg.marks(kind.shape, at: places, kind.style)
    svg.marks(.cross, at: lost, "alarm")
  }

  /// The gain of a row: that of its layers that is farthest from 1.
  private func extreme(_ group: Range<Int>, _ value: (Layer) -> Double?) -> Double? {
    func distance(_ gain: Double) -> Double { gain > 0 ? max(gain, 1 / gain) : .infinity }
    let gains = group.compactMap { value(layers[$0]) }
    return gains.first { !$0.isFinite } ?? gains.max { distance($0) < distance($1) }
  }

  private func drawLegend(in svg: inout SVG) {
    var x = 16.0
    let shown = Self.kinds.filter { kind in layers.contains { kind.value($0) != nil } }
    for kind in shown.reversed() {
      svg.mark(kind.shape, x: x, y: 46, kind.style)
      svg.text(kind.name, x: x + 10, y: 50.5)
      x += SVG.width(of: kind.name) + 34
    }
    if layers.contains(where: { layer in
      Self.kinds.contains { kind in kind.value(layer).map { !$0.isFinite || $0 <= 0 } ?? false }
    }) {
      svg.mark(.cross, x: x, y: 46, "alarm")
      svg.text("NaN or ∞; zero at left", x: x + 10, y: 50.5)
    }
  }

  // MARK: the numbers

  package var table: PictureTable {
    PictureTable(
      caption: title, header: ["layer"] + Self.kinds.reversed().map(\.name),
      rows: (0..<rows.count).map { row in
        [rows.name(row)]
          + Self.kinds.reversed().map { kind in
            extreme(rows.groups[row], kind.value).map(Numerals.short) ?? "–"
          }
      })
  }
}
