/// The gradient norm of every layer at every step: depth downwards, time to the right.
///
/// Colours are cividis over log₁₀ of the norm. Cells that are not finite are striped, those of
/// gradients that are exactly zero have a bar, and where nothing was measured the ground shows. A
/// cell stands for the largest of its values, and what is not finite wins.
package struct HeatMap: Picture {
  /// A place in a row where nothing was measured.
  package static let noValue = -Float.greatestFiniteMagnitude
  package static let columnLimit = 160

  private enum Cell: Equatable {
    case none, zero
    case finite(Float)
    case nonFinite
  }

  private let rows: LayerRows
  private let cells: [[Cell]]
  private let counts: (layers: Int, steps: Int)
  private let first: Int
  private let stride: Int
  private let last: Int
  private let offender: FirstOffender?
  /// Of the finite values, in whole decades.
  private let low: Int
  private let high: Int

  /// - Parameters:
  ///   - layers: from the input to the output.
  ///   - logNorms: a row for each layer: log₁₀ of its gradient norm every `stride` steps. −∞ is a
  ///     gradient of zero, NaN and ∞ are one that is not finite, `noValue` is none, and a row may
  ///     end early.
  ///   - first: the step of the first value.
  /// - Returns: nil where there is no value.
  package init?(
    layers: [String], logNorms: [[Float]], first: Int = 0, stride: Int = 1,
    offender: FirstOffender? = nil
  ) {
    let layers = Array(layers.prefix(logNorms.count))
    let values = layers.isEmpty ? 0 : logNorms.map(\.count).max() ?? 0
    guard values > 0 else { return nil }
    (self.first, self.stride, self.offender) = (first, max(1, stride), offender)
    last = first + (values - 1) * self.stride
    counts = (layers.count, values)
    let rows = LayerRows(layers)
    let columns = min(Self.columnLimit, values)
    cells = rows.groups.map { group in
      (0..<columns).map { column in
        Self.largest(
          of: logNorms[group], Envelope.indices(of: column, among: columns, count: values))
      }
    }
    self.rows = rows
    var extent: (low: Float, high: Float)?
    for case .finite(let value) in cells.joined() {
      extent = (min(extent?.low ?? value, value), max(extent?.high ?? value, value))
    }
    low = Int(extent?.low.rounded(.down) ?? 0)
    high = max(low + 1, Int(extent?.high.rounded(.up) ?? 1))
  }

  private static func largest(of rows: ArraySlice<[Float]>, _ range: Range<Int>) -> Cell {
    var largest = noValue
    var isZero = false
    for row in rows {
      let isLost = row.withUnsafeBufferPointer { values in
        var index = range.lowerBound
        let end = min(range.upperBound, values.count)
        while index < end {
          let value = values[index]
          if value.isNaN || value == .infinity { return true }
          if value > largest { largest = value }
          if value == -.infinity { isZero = true }
          index += 1
        }
        return false
      }
      if isLost { return .nonFinite }
    }
    // Norms are those of floats; more decades than a double has are a caller's sentinel.
    return largest > noValue ? .finite(min(max(largest, -350), 350)) : isZero ? .zero : .none
  }

  package var title: String { "Gradient norm by layer and step" }

  package var description: String {
    let steps = "steps \(Numerals.count(first)) to \(Numerals.count(last))"
    let lost = (0..<rows.count).filter { cells[$0].contains(.nonFinite) }
    let notFinite =
      lost.isEmpty
      ? "All values are finite."
      : "Not finite at some step: \(lost.prefix(6).map(rows.name).joined(separator: ", "))"
        + (lost.count > 6 ? " and \(lost.count - 6) more rows." : ".")
    return "Heat map of \(Numerals.count(counts.layers)) layers, from the input at the top to the "
      + "output at the foot, over \(steps). Norms from \(Numerals.power(low)) to "
      + "\(Numerals.power(high)). \(notFinite)"
      + (offender.map { " \($0.sentence)." } ?? "")
  }

  // MARK: the drawing

  private var left: Double { rows.gutter(most: 215) }
  private let top = 78.0
  private var width: Double { SVG.width - left - 104 }
  private var height: Double { Double(rows.count) * rows.height }
  private var columns: Int { cells[0].count }
  private var cellWidth: Double { width / Double(columns) }

  package var drawing: SVG {
    var svg = SVG(title: title, description: description, height: top + max(height, 130) + 84)
    svg.rect(x: left, y: top, width: width, height: height, "panel")
    drawCells(in: &svg)
    rows.drawNames(in: &svg, left: left, top: top)
    drawSteps(in: &svg)
    drawColourBar(in: &svg)
    drawLegend(in: &svg)
    drawOffender(in: &svg)
    rows.drawHeading(in: &svg, y: top - 10)
    return svg
  }

  /// One path for each level: a stroke for each run of equal cells in a row.
  private func drawCells(in svg: inout SVG) {
    var levels = [String](repeating: "", count: Palette.levels)
    var (nonFinite, zero) = ("", "")
    for (row, cells) in cells.enumerated() {
      var column = 0
      while column < cells.count {
        let level = level(cells[column])
        let end = cells[column...].firstIndex { self.level($0) != level } ?? cells.count
        let run = "M\(column) \(row)h\(end - column)"
        switch cells[column] {
        case .none: break
        case .zero: zero += run
        case .nonFinite: nonFinite += run
        case .finite: levels[level] += run
        }
        column = end
      }
    }
    let transform =
      "translate(\(SVG.pair(left, top + rows.height / 2)))"
      + "scale(\(Numerals.fixed(cellWidth, decimals: 4)) \(SVG.number(rows.height)))"
    svg.group("cells", transform: transform) { svg in
      for (level, data) in levels.enumerated() { svg.path(data, "c\(level)") }
      svg.path(zero, "base")
      svg.path(zero, "zero")
      svg.path(nonFinite, "base")
      svg.path(nonFinite, "stripe")
    }
  }

  private func level(_ cell: Cell) -> Int {
    switch cell {
    case .none: -1
    case .zero: -2
    case .nonFinite: -3
    case .finite(let value): Palette.level((Double(value) - Double(low)) / Double(high - low))
    }
  }

  private func drawSteps(in svg: inout SVG) {
    let panel = Panel(
      x: Axis(steps: first...last), y: Axis(logarithmic: nil), left: left + cellWidth / 2, top: top,
      width: width - cellWidth, height: height)
    for tick in panel.x.ticks {
      let x = panel.x(tick.value)
      svg.line(x, top + height, x, top + height + 4, "axis")
      svg.text(tick.label, x: x, y: top + height + 17, "q", .middle)
    }
    svg.text("step", x: left + width / 2, y: top + height + 35, "", .middle)
  }

  private func drawColourBar(in svg: inout SVG) {
    let (x, height) = (left + width + 22, max(height, 120))
    svg.text("gradient norm", x: SVG.width - 4, y: top - 10, "q", .end)
    let step = height / Double(Palette.levels)
    for level in 0..<Palette.levels {
      let y = top + height - Double(level + 1) * step
      svg.rect(x: x, y: y, width: 16, height: step + 0.3, "cell c\(level)")
    }
    let stride = max(1, (high - low + 5) / 6)
    for exponent in low...high where (exponent - low).isMultiple(of: stride) {
      let y = top + height * (1 - Double(exponent - low) / Double(high - low))
      svg.line(x + 16, y, x + 20, y, "axis")
      svg.text(Numerals.power(exponent), x: x + 24, y: y + 4.5, "q")
    }
  }

  private func drawLegend(in svg: inout SVG) {
    let y = top + max(height, 130) + 52
    var x = left
    func name(_ text: String, in svg: inout SVG) {
      svg.text(text, x: x + 26, y: y + 10.5, "q")
      x += 26 + SVG.width(of: text, size: 12) + 22
    }
    svg.rect(x: x, y: y, width: 20, height: 13, "cell base")
    for stripe in 0..<3 {
      svg.rect(x: x + 2 + Double(stripe) * 6, y: y, width: 3, height: 13, "cell stripe")
    }
    name("NaN or ∞", in: &svg)
    if cells.contains(where: { $0.contains(.zero) }) {
      svg.rect(x: x, y: y, width: 20, height: 13, "cell base")
      svg.rect(x: x, y: y + 5.5, width: 20, height: 2, "cell zero")
      name("exactly zero", in: &svg)
    }
    svg.rect(x: x, y: y, width: 20, height: 13, "panel")
    name("no value", in: &svg)
    let isGrouped = rows.count < counts.layers || columns < counts.steps
    if isGrouped { svg.text("a cell shows the largest of its values", x: x, y: y + 10.5, "q") }
  }

  /// A box around the cell where it began, and what began there.
  private func drawOffender(in svg: inout SVG) {
    guard let offender else { return }
    let index = min(max(0, (offender.step - first) / stride), counts.steps - 1)
    let column = Envelope.column(of: index, among: columns, count: counts.steps)
    let x = left + Double(column) * cellWidth
    let row = offender.layer.flatMap(rows.row)
    let y = top + Double(row ?? 0) * rows.height
    let height = row == nil ? self.height : rows.height
    let (wide, middle) = (max(cellWidth, 7), x + cellWidth / 2)
    for style in ["halo", "box alarm"] {
      svg.rect(x: middle - wide / 2, y: y - 1, width: wide, height: height + 2, style)
    }
    svg.offender(offender, x: middle, to: y - 1)
  }

  // MARK: the numbers

  package var table: PictureTable {
    PictureTable(
      caption: "log₁₀ of the gradient norm, steps \(Numerals.count(first)) to "
        + Numerals.count(last),
      header: ["layer", "at first", "largest", "at last", "first not finite at step"],
      rows: (0..<rows.count).map { row in
        let cells = cells[row]
        let finite = cells.compactMap { cell in
          if case .finite(let value) = cell { value } else { nil }
        }
        let lost = cells.firstIndex(of: .nonFinite).map { "≈ " + Numerals.count(step($0)) } ?? "–"
        let exact = offender.flatMap { $0.layer == rows.name(row) ? $0.step : nil }
        return [
          rows.name(row), word(cells[0]), finite.max().map(Numerals.short) ?? "–",
          word(cells[columns - 1]), exact.map(Numerals.count) ?? lost,
        ]
      })
  }

  /// The first step of a column.
  private func step(_ column: Int) -> Int {
    first + Envelope.indices(of: column, among: columns, count: counts.steps).lowerBound * stride
  }

  private func word(_ cell: Cell) -> String {
    switch cell {
    case .none: "no value"
    case .zero: "zero"
    case .nonFinite: "not finite"
    case .finite(let value): Numerals.short(value)
    }
  }
}
