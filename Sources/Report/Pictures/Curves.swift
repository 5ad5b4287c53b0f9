/// Loss and gradient norm by step on logarithmic axes, and what happened when.
///
/// A run that was rewound has several stretches, each from where it was taken up again; all but the
/// last are dotted, and of many the latest are drawn.
package struct Curves: Picture {
  package static let stretchLimit = 8

  private let loss: [StepSeries]
  private let norm: [StepSeries]
  private let clipped: StepSeries?
  private let lanes: StepLanes
  private let offender: FirstOffender?
  private let steps: ClosedRange<Int>
  private let phase: String

  /// - Parameters:
  ///   - loss: a series for each stretch between rewinds, in the order in which they were trained.
  ///   - gradientNorm: the global norm, likewise; empty where it was not measured.
  ///   - clippedNorm: the norm after clipping; nil where nothing clips.
  ///   - phase: which training it is, behind the title: `, with the change`.
  /// - Returns: nil where there is no value.
  package init?(
    loss: [StepSeries], gradientNorm: [StepSeries], clippedNorm: StepSeries? = nil,
    marks: [StepMark] = [], offender: FirstOffender? = nil, phase: String = ""
  ) {
    self.phase = phase
    self.loss = loss.filter { !$0.values.isEmpty }.suffix(Self.stretchLimit)
    norm = gradientNorm.filter { !$0.values.isEmpty }.suffix(Self.stretchLimit)
    clipped = clippedNorm.flatMap { $0.values.isEmpty ? nil : $0 }
    let all = self.loss + norm
    guard let first = all.map(\.first).min(), let last = all.map(\.last).max() else { return nil }
    steps = first...max(last, offender?.step ?? last)
    (lanes, self.offender) = (StepLanes(marks), offender)
  }

  package var title: String {
    switch (loss.isEmpty, norm.isEmpty) {
    case (false, false): "Loss and gradient norm by step\(phase)"
    case (false, true): "Loss by step\(phase)"
    default: "Gradient norm by step\(phase)"
    }
  }

  package var description: String {
    var parts = [
      "Curves over steps \(Numerals.count(steps.lowerBound)) to "
        + "\(Numerals.count(steps.upperBound)), on logarithmic axes."
    ]
    for (name, stretches) in [("Loss", loss), ("Gradient norm", norm)] where !stretches.isEmpty {
      parts.append(Self.sentence(name, stretches))
    }
    if !lanes.counts.isEmpty { parts.append(lanes.counts.joined(separator: ", ") + ".") }
    if let offender { parts.append(offender.sentence + ".") }
    return parts.joined(separator: " ")
  }

  private static func sentence(_ name: String, _ stretches: [StepSeries]) -> String {
    let extent = ClosedRange.union(stretches.map(\.positiveExtent))
    let range = extent.map {
      " between \(Numerals.short($0.lowerBound)) and \(Numerals.short($0.upperBound))"
    }
    let last = stretches.last?.values.last.map { ", \(Numerals.short($0)) at the end" } ?? ""
    return "\(name)\(range ?? "")\(last)."
  }

  // MARK: the drawing

  private let panelHeight = 170.0
  private let left = 78.0
  private let right = 122.0
  private var top: Double { offender == nil ? 62 : 84 }
  private var panels: Int { (loss.isEmpty ? 0 : 1) + (norm.isEmpty ? 0 : 1) }
  private var lanesTop: Double { top + Double(panels) * (panelHeight + 38) - 26 }

  package var drawing: SVG {
    let foot = lanesTop + lanes.height
    var svg = SVG(title: title, description: description, height: foot + 50)
    let axis = Axis(steps: steps)
    var top = top
    var last: Panel?
    for (name, stretches) in [("loss", loss), ("gradient norm", norm)] where !stretches.isEmpty {
      let extent = ClosedRange.union(
        stretches.map(\.positiveExtent) + (name == "loss" ? [] : [clipped?.positiveExtent]))
      let panel = Panel(
        x: axis, y: Axis(logarithmic: extent, ticks: 6), left: left, top: top,
        width: SVG.width - left - right, height: panelHeight)
      panel.draw(in: &svg, name: "\(name) (log scale)", foot: nil)
      drawLines(stretches, name == "loss" ? nil : clipped, in: &svg, panel)
      if stretches.count > 1 {
        svg.text("dotted: before a rewind", x: panel.right, y: top - 12, "q", .end)
      }
      (top, last) = (top + panelHeight + 38, panel)
    }
    guard let last else { return svg }
    lanes.draw(in: &svg, last, top: lanesTop)
    for tick in axis.ticks {
      svg.text(tick.label, x: last.x(tick.value), y: foot + 17, "q", .middle)
    }
    svg.text("step", x: last.left + last.width / 2, y: foot + 36, "", .middle)
    if let offender { svg.offender(offender, x: last.x(offender.step), to: foot) }
    return svg
  }

  private func drawLines(
    _ stretches: [StepSeries], _ clipped: StepSeries?, in svg: inout SVG, _ panel: Panel
  ) {
    var ends: [(y: Double, text: String)] = []
    let envelopes = stretches.map { Envelope($0.values, columns: panel.columns(of: $0)) }
    for (index, envelope) in envelopes.enumerated() {
      let isLast = index == envelopes.count - 1
      let data = panel.outline(envelope, of: stretches[index])
      svg.path(data, isLast ? Panel.line(0, envelope, stretches[index]) : "past s0")
    }
    // A line through a step or two is none to see.
    if let series = stretches.last, series.values.count <= 3 {
      let seen = series.values.indices.filter {
        series.values[$0] > 0 && series.values[$0].isFinite
      }
      svg.marks(
        .dot, at: seen.map { (panel.x(series.step($0)), panel.y(Double(series.values[$0]))) }, "f0")
    }
    for (index, envelope) in envelopes.enumerated() {
      panel.drawNonFinite(envelope, of: stretches[index], in: &svg)
    }
    if let series = stretches.last, let value = series.values.last {
      let y =
        value.isFinite ? value > 0 ? panel.y(Double(value)) : panel.bottom : panel.top
      ends.append((y, (clipped == nil ? "" : "norm ") + Numerals.short(value)))
    }
    if let clipped {
      let envelope = Envelope(clipped.values, columns: panel.columns(of: clipped))
      svg.path(panel.outline(envelope, of: clipped), Panel.line(1, envelope, clipped))
      panel.drawNonFinite(envelope, of: clipped, in: &svg)
      if let value = clipped.values.last(where: { $0.isFinite && $0 > 0 }) {
        ends.append((panel.y(Double(value)), "after clipping"))
      }
    }
    panel.drawZeros(envelopes, in: &svg)
    let places = Labels.apart(ends.map(\.y), gap: 15, within: panel.top...panel.bottom)
    for (index, (end, y)) in zip(ends, places).enumerated() {
      svg.path(
        "M\(SVG.pair(panel.right + 2, y))h14", "l s\(index)")
      svg.text(end.text, x: panel.right + 20, y: y + 4.5, "q")
    }
  }

  // MARK: the numbers

  package var table: PictureTable {
    let stretches = loss.isEmpty ? norm : loss
    let series = stretches[stretches.count - 1]
    let envelope = Envelope(series.values, columns: PictureTable.limit)
    let name = loss.isEmpty ? "gradient norm" : "loss"
    let other = loss.isEmpty ? nil : norm.last
    let header =
      ["steps", "least \(name)", "largest \(name)", "not finite"]
      + (other == nil ? [] : ["largest gradient norm"])
    return PictureTable(
      caption: stretches.count > 1 ? "\(title), after the last rewind" : title, header: header,
      rows: envelope.columns.map { column in
        let (from, to) = (
          series.step(column.indices.lowerBound), series.step(column.indices.upperBound - 1)
        )
        return [
          from == to ? Numerals.count(from) : "\(Numerals.count(from))–\(Numerals.count(to))",
          column.least.map(Numerals.short) ?? "–", column.largest.map(Numerals.short) ?? "–",
          Numerals.count(column.nonFinite),
        ] + (other.map { [$0.largest(from...to)] } ?? [])
      })
  }
}

extension StepSeries {
  /// The largest value within some steps in words; what is not finite wins.
  func largest(_ steps: ClosedRange<Int>) -> String {
    let low = max(0, (steps.lowerBound - first + stride - 1) / stride)
    let high = min(values.count - 1, (steps.upperBound - first) / stride)
    guard low <= high else { return "–" }
    let part = values[low...high]
    return (part.first { !$0.isFinite } ?? part.max()).map(Numerals.short) ?? "–"
  }
}
