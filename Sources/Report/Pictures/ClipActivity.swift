/// The gradient norm before and after clipping, and in which steps clipping acted.
package struct ClipActivity: Picture {
  private let before: StepSeries
  private let after: StepSeries
  private let limit: Double?
  private let acted: StepSeries
  private let offender: FirstOffender?

  /// - Parameters:
  ///   - before: the norm as the backward pass left it.
  ///   - after: the norm that the optimizer got, at the same steps.
  ///   - limit: what the norm is clipped to; nil where the clip has no one limit.
  /// - Returns: nil where there is no value.
  package init?(
    before: StepSeries, after: StepSeries, limit: Double? = nil, offender: FirstOffender? = nil
  ) {
    let count = min(before.values.count, after.values.count)
    guard count > 0 else { return nil }
    (self.before, self.after, self.limit) = (before, after, limit)
    self.offender = offender
    // Rounding alone changes a norm by less.
    acted = StepSeries(
      (0..<count).map { after.values[$0] < before.values[$0] * 0.9999 ? 1 : 0 },
      first: before.first, stride: before.stride)
  }

  private func share(of range: Range<Int>) -> Double {
    range.isEmpty ? 0 : Double(range.count { acted.values[$0] > 0 }) / Double(range.count)
  }

  /// `acted in 48 % of the steps, in 62 % of the last third`.
  private var activity: String {
    let count = acted.values.count
    return "acted in \(Numerals.percent(share(of: 0..<count))) of the steps, in "
      + "\(Numerals.percent(share(of: (count - max(1, count / 3))..<count))) of the last third"
  }

  package var title: String { "Clipping \(activity)" }

  package var description: String {
    "Gradient norm before and after clipping"
      + (limit.map { " to \(Numerals.short($0))" } ?? "") + ", steps "
      + "\(Numerals.count(acted.first)) to \(Numerals.count(acted.last)); clipping \(activity)."
      + (offender.map { " \($0.sentence)." } ?? "")
  }

  // MARK: the drawing

  private var panel: Panel {
    let positive = limit.flatMap { $0 > 0 && $0.isFinite ? $0...$0 : nil }
    let extent = ClosedRange.union([before.positiveExtent, after.positiveExtent, positive])
    return Panel(
      x: Axis(steps: acted.first...max(acted.last, offender?.step ?? 0)),
      y: Axis(logarithmic: extent), left: 64,
      top: offender == nil ? 62 : 86, width: SVG.width - 64 - 140, height: 200)
  }

  package var drawing: SVG {
    let panel = panel
    var svg = SVG(title: title, description: description, height: panel.bottom + 124)
    panel.draw(in: &svg, name: "gradient norm (log scale)", foot: nil)
    if let limit, limit > 0 {
      svg.line(panel.left, panel.y(limit), panel.right, panel.y(limit), "rule ink")
    }
    drawLines(in: &svg, panel)
    drawStrip(in: &svg, panel)
    if let offender { svg.offender(offender, x: panel.x(offender.step), to: panel.bottom) }
    return svg
  }

  private func drawLines(in svg: inout SVG, _ panel: Panel) {
    var ends: [(y: Double, text: String, style: String)] = []
    for (index, (series, name)) in [(before, "before"), (after, "after")].enumerated() {
      let envelope = Envelope(series.values, columns: panel.columns)
      svg.path(panel.outline(envelope, of: series), Panel.line(index, envelope, series))
      panel.drawNonFinite(envelope, of: series, in: &svg)
      let value = series.values.last ?? 0
      let y = value.isFinite ? panel.end(envelope, of: series)?.y ?? panel.top : panel.top
      ends.append((y, "\(name) \(Numerals.short(value))", "l s\(index)"))
    }
    panel.drawZeros([Envelope(before.values, columns: 1)], in: &svg)
    if let limit {
      ends.append((panel.y(limit), "limit \(Numerals.short(limit))", "rule ink"))
    }
    let places = Labels.apart(ends.map(\.y), gap: 16, within: panel.top...panel.bottom)
    for (end, y) in zip(ends, places) {
      // From where the line ends, which another's name may have pushed away.
      svg.path(
        "M\(SVG.pair(panel.right + 1, end.y))L\(SVG.pair(panel.right + 7, y))h17", end.style)
      svg.text(end.text, x: panel.right + 29, y: y + 4.5, "q")
    }
  }

  /// In each column a bar as high as the share of its steps in which clipping acted.
  private func drawStrip(in svg: inout SVG, _ panel: Panel) {
    let columns = min(panel.columns, acted.values.count)
    let strip = Panel(
      x: panel.x, y: Axis(steps: 0...1), left: panel.left, top: panel.bottom + 34,
      width: panel.width, height: 40)
    svg.rect(x: strip.left, y: strip.top, width: strip.width, height: strip.height, "panel")
    svg.text("share of steps in which it acted", x: 12, y: strip.top - 8, "b")
    strip.drawFoot(in: &svg, "step")
    for (text, y) in [("100 %", strip.top + 9), ("0 %", strip.bottom)] {
      svg.text(text, x: strip.left - 7, y: y, "q", .end)
    }
    let width = max(1, strip.width / Double(columns))
    var data = ""
    for column in 0..<columns {
      let range = Envelope.indices(of: column, among: columns, count: acted.values.count)
      let part = share(of: range)
      guard part > 0 else { continue }
      let x = min(strip.right - width, strip.left + Double(column) * strip.width / Double(columns))
      data += "M\(SVG.pair(x, strip.bottom))v\(SVG.number(-part * strip.height))"
      data += "h\(SVG.number(width))v\(SVG.number(part * strip.height))z"
    }
    svg.path(data, "bar1")
  }

  // MARK: the numbers

  package var table: PictureTable {
    let count = acted.values.count
    let rows = min(PictureTable.limit, count)
    return PictureTable(
      caption: title,
      header: ["steps", "largest norm before", "largest norm after", "share of steps it acted in"],
      rows: (0..<rows).map { row in
        let range = Envelope.indices(of: row, among: rows, count: count)
        let (from, to) = (acted.step(range.lowerBound), acted.step(range.upperBound - 1))
        return [
          from == to ? Numerals.count(from) : "\(Numerals.count(from))–\(Numerals.count(to))",
          before.largest(from...to), after.largest(from...to),
          Numerals.percent(share(of: range)),
        ]
      })
  }
}
