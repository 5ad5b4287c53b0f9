extension HeatMap {
  private var left: Double { rows.gutter(most: 215) }
  private var top: Double { 78 }
  private var width: Double { SVG.width - left - 104 }
  private var height: Double { Double(rows.count) * rows.height }
  private var cellWidth: Double { width / Double(columns) }

  package var drawing: SVG {
    var svg = SVG(title: title, description: description, height: top + max(height + 84, 150))
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
    }
    // A stripe in each narrow cell, many in a wide one.
    svg.group("cells", transform: transform, dash: min(0.5, 2 / cellWidth)) { svg in
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
    for tick in panel.x.ticks where tick.value <= Double(last) {
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
    let y = top + height + 52
    var x = left
    func name(_ text: String, in svg: inout SVG) {
      svg.text(text, x: x + 26, y: y + 10.5, "q")
      x += 26 + SVG.width(of: text, size: 12) + 22
    }
    func has(_ cell: Cell) -> Bool { cells.contains { $0.contains(cell) } }
    if has(.nonFinite) {
      svg.rect(x: x, y: y, width: 20, height: 13, "cell base")
      for stripe in 0..<3 {
        svg.rect(x: x + 2 + Double(stripe) * 6, y: y, width: 3, height: 13, "cell stripe")
      }
      name("NaN or ∞", in: &svg)
    }
    if has(.zero) {
      svg.rect(x: x, y: y, width: 20, height: 13, "cell base")
      svg.rect(x: x, y: y + 5.5, width: 20, height: 2, "cell zero")
      name("exactly zero", in: &svg)
    }
    if has(.none) {
      svg.rect(x: x, y: y, width: 20, height: 13, "panel")
      name("no value", in: &svg)
    }
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
}
