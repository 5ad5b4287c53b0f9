import Foundation

/// The losses of several runs by step, on a logarithmic axis: a line each, told apart without its
/// colour, and named at the foot.
package struct LossComparison: Picture {
  package struct Line: Sendable {
    let name: String
    let loss: StepSeries

    package init(_ name: String, _ loss: StepSeries) { (self.name, self.loss) = (name, loss) }
  }

  private let lines: [Line]
  private let steps: ClosedRange<Int>

  /// - Parameter lines: the first seven that have a value are drawn.
  /// - Returns: nil where none has.
  package init?(_ lines: [Line]) {
    self.lines = Array(lines.filter { !$0.loss.values.isEmpty }.prefix(Palette.lines.count))
    guard let first = self.lines.map(\.loss.first).min(),
      let last = self.lines.map(\.loss.last).max()
    else { return nil }
    steps = first...max(first, last)
  }

  package var title: String {
    lines.count == 1 ? "Loss of one run by step" : "Loss of \(lines.count) runs by step"
  }

  package var description: String {
    lines.map { line in
      let end = line.loss.values.last.map(Numerals.short) ?? "–"
      return "\(line.name): \(end) at step \(Numerals.count(line.loss.last))."
    }.joined(separator: " ")
  }

  package var drawing: SVG {
    let (top, height, row) = (62.0, 260.0, 20.0)
    let foot = top + height + 56
    var svg = SVG(
      title: title, description: description, height: foot + row * Double(lines.count) + 4)
    let panel = Panel(
      x: Axis(steps: steps),
      y: Axis(logarithmic: ClosedRange.union(lines.map(\.loss.positiveExtent)), ticks: 8),
      left: 78, top: top, width: SVG.width - 78 - 24, height: height)
    panel.draw(in: &svg, name: "loss (log scale)", foot: "step")
    for (index, line) in lines.enumerated() {
      let envelope = Envelope(line.loss.values, columns: panel.columns(of: line.loss))
      svg.path(panel.outline(envelope, of: line.loss), Panel.line(index, envelope, line.loss))
      panel.drawNonFinite(envelope, of: line.loss, in: &svg)
      let y = foot + row * Double(index)
      svg.path("M\(SVG.pair(78, y))h34", "l s\(index)")
      let end = line.loss.values.last.map(Numerals.short) ?? "–"
      svg.text(SVG.fitted("\(line.name): \(end)", to: SVG.width - 140), x: 122, y: y + 4.5)
    }
    return svg
  }

  package var table: PictureTable {
    PictureTable(
      caption: title, header: ["run", "steps", "least loss", "last loss", "not finite"],
      rows: lines.map { line in
        let values = line.loss.values
        return [
          line.name, Numerals.count(line.loss.last + 1),
          values.filter(\.isFinite).min().map(Numerals.short) ?? "–",
          values.last.map(Numerals.short) ?? "–",
          Numerals.count(values.count { !$0.isFinite }),
        ]
      })
  }
}
