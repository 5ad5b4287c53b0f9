/// How large the update of each layer is beside its weights, by step.
///
/// The layers that are farthest from what is usual have lines of their own; the others share one.
///
/// **References** A. Karpathy, CS231n, *Neural Networks Part 3: Learning and Evaluation*: the ratio
/// "should be somewhere around 1e-3", a rough heuristic.
package struct UpdateRatios: Picture {
  package static let lineLimit = 6
  package static let usual = 1e-3

  private let layers: [String]
  private let series: [StepSeries]
  /// The layers with lines of their own, from the input to the output.
  private let extremes: [Int]
  private let offender: FirstOffender?

  /// - Parameters:
  ///   - layers: from the input to the output.
  ///   - ratios: for each layer, the norm of the update over the norm of the weights.
  /// - Returns: nil where there is no value.
  package init?(layers: [String], ratios: [StepSeries], offender: FirstOffender? = nil) {
    let known = zip(layers, ratios).filter { !$0.1.values.isEmpty }
    guard !known.isEmpty else { return nil }
    (self.layers, series) = (known.map(\.0), known.map(\.1))
    self.offender = offender
    extremes = Self.extremes(layers: known.map(\.0), series: known.map(\.1), offender?.layer)
  }

  /// The layers that are farthest from the usual, and those that stopped being finite.
  private static func extremes(
    layers: [String], series: [StepSeries], _ offender: String?
  ) -> [Int] {
    let envelopes = series.map { Envelope($0.values, columns: 200) }
    let lost = envelopes.indices.filter { !envelopes[$0].marks.isEmpty }
    let distances = envelopes.indices.map { index in
      // Where nearly all were lost in the end, that tells none from the others.
      let isOdd = lost.count <= lineLimit && lost.contains(index)
      return isOdd || layers[index] == offender
        ? .infinity : envelopes[index].columns.map(distance).max() ?? 0
    }
    return Array(
      distances.indices.sorted { (-distances[$0], $0) < (-distances[$1], $1) }
        .prefix(lineLimit).sorted())
  }

  /// How many times the largest value of a column is above or below the usual.
  private static func distance(_ column: Envelope.Column) -> Double {
    let largest = Double(column.largest ?? 0)
    return largest > 0 ? max(largest / usual, usual / largest) : 0
  }

  package var title: String { "Size of the updates: update norm ÷ weight norm" }

  package var description: String {
    let lines = extremes.map { index in
      let last = series[index].values.last.map(Numerals.short) ?? "–"
      return "\(SVG.cut(layers[index], to: 40)) \(last) at the end"
    }
    return "Ratio by step for \(Numerals.count(layers.count)) layers on a logarithmic axis; about "
      + "10⁻³ is usual. Farthest from that: \(lines.joined(separator: ", "))."
      + (offender.map { " \($0.sentence)." } ?? "")
  }

  // MARK: the drawing

  private var panel: Panel {
    let extent = ClosedRange.union(series.map(\.positiveExtent) + [Self.usual / 3...Self.usual * 3])
    let first = series.map(\.first).min() ?? 0
    let last = series.map(\.last).max() ?? 0
    return Panel(
      x: Axis(steps: first...max(last, offender?.step ?? last)),
      y: Axis(logarithmic: extent, ticks: 8), left: 64,
      top: offender == nil ? 62 : 86, width: SVG.width - 64 - 170, height: 260)
  }

  package var drawing: SVG {
    let panel = panel
    var svg = SVG(title: title, description: description, height: panel.bottom + 70)
    panel.draw(in: &svg, name: "ratio (log scale)", foot: "step")
    let (upper, lower) = (panel.y(Self.usual * 3), panel.y(Self.usual / 3))
    svg.rect(x: panel.left, y: upper, width: panel.width, height: lower - upper, "band")
    svg.text(
      "green band: about 10⁻³ is usual (rule of thumb, Karpathy, CS231n)", x: 12,
      y: panel.bottom + 58, "q")
    if layers.count > extremes.count { drawRest(in: &svg, panel) }
    drawLines(in: &svg, panel)
    if let offender { svg.offender(offender, x: panel.x(offender.step), to: panel.bottom) }
    return svg
  }

  /// What tells a line from the others where they cross.
  private static func mark(_ line: Int) -> (shape: Mark, style: String) {
    let shapes: [Mark] = [.dot, .square, .triangle, .diamond]
    return (shapes[line % 4], line < 4 ? "f\(line)" : "s\(line) open")
  }

  /// From the least to the largest of all other layers.
  private func drawRest(in svg: inout SVG, _ panel: Panel) {
    let columns = 140
    var extents = [ClosedRange<Double>?](repeating: nil, count: columns)
    for index in layers.indices where !extremes.contains(index) {
      let made = Envelope(series[index].values, columns: columns).columns
      for column in made {
        guard let least = column.least, let largest = column.largest else { continue }
        let middle = (column.indices.lowerBound + column.indices.upperBound - 1) / 2
        let share = panel.x.position(Double(series[index].step(middle)))
        let place = min(columns - 1, Int(share * Double(columns)))
        extents[place] = ClosedRange.union([extents[place], Double(least)...Double(largest)])
      }
    }
    let known = extents.enumerated().compactMap { index, extent in
      extent.map { (panel.left + (Double(index) + 0.5) / Double(columns) * panel.width, $0) }
    }
    let points =
      known.map { SVG.pair($0, panel.y($1.upperBound)) }
      + known.reversed().map { SVG.pair($0, panel.y($1.lowerBound)) }
    svg.polygon(points, "surface")
  }

  private func drawLines(in svg: inout SVG, _ panel: Panel) {
    var ends: [Double] = []
    for (line, index) in extremes.enumerated() {
      let envelope = Envelope(series[index].values, columns: panel.columns)
      svg.path(
        panel.outline(envelope, of: series[index]), Panel.line(line, envelope, series[index]))
      panel.drawNonFinite(envelope, of: series[index], in: &svg)
      let (shape, style) = Self.mark(line)
      svg.marks(shape, at: panel.places(envelope, of: series[index], shift: line), style)
      let isLost = series[index].values.last.map { !$0.isFinite } ?? false
      ends.append(
        isLost ? panel.top : panel.end(envelope, of: series[index])?.y ?? panel.top)
    }
    panel.drawZeros(extremes.map { Envelope(series[$0].values, columns: 1) }, in: &svg)
    let others = layers.count - extremes.count
    let places = Labels.apart(ends, gap: 16, within: panel.top...(panel.bottom - 24))
    for (line, index) in extremes.enumerated() {
      let value = series[index].values.last.map(Numerals.short) ?? ""
      svg.path("M\(SVG.pair(panel.right + 4, places[line]))h22", "l s\(line)")
      let (shape, style) = Self.mark(line)
      svg.mark(shape, x: panel.right + 15, y: places[line], style)
      let name = SVG.fitted(layers[index], to: 126 - SVG.width(of: value, size: 12), size: 12)
      svg.text("\(name): \(value)", x: panel.right + 31, y: places[line] + 4.5, "q")
    }
    if others > 0 {
      svg.rect(x: panel.right + 4, y: panel.bottom - 8, width: 22, height: 10, "surface")
      let text = "\(Numerals.count(others)) other \(others == 1 ? "layer" : "layers")"
      svg.text(text, x: panel.right + 31, y: panel.bottom + 1.5, "q")
    }
  }

  // MARK: the numbers

  package var table: PictureTable {
    let rows = LayerRows(layers)
    return PictureTable(
      caption: title, header: ["layer", "first", "least", "largest", "last", "not finite"],
      rows: rows.groups.enumerated().map { row, group in
        let whole = group.map { Envelope(series[$0].values, columns: 1).columns[0] }
        let farthest = group.max { left, right in
          Self.distance(whole[left - group.lowerBound])
            < Self.distance(whole[right - group.lowerBound])
        }
        let values = series[farthest ?? group.lowerBound].values
        return [
          rows.name(row), Numerals.short(values[0]),
          whole.compactMap(\.least).min().map(Numerals.short) ?? "–",
          whole.compactMap(\.largest).max().map(Numerals.short) ?? "–",
          Numerals.short(values[values.count - 1]),
          Numerals.count(whole.reduce(0) { $0 + $1.nonFinite }),
        ]
      })
  }
}
