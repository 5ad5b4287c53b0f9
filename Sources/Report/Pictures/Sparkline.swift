import Foundation

/// A curve as large as a line of text, on a logarithmic scale; a bar at its top where it was not
/// finite.
///
/// What it says stands in words beside it.
package struct Sparkline: Sendable {
  private let values: [Float]
  private static let (width, height) = (120.0, 26.0)

  /// - Returns: nil where there is no value.
  package init?(_ values: [Float]) {
    guard !values.isEmpty else { return nil }
    self.values = values
  }

  package var svg: String {
    let axis = Axis(logarithmic: StepSeries(values).positiveExtent)
    let panel = Panel(
      x: Axis(steps: 0...max(1, values.count - 1)), y: axis, left: 1, top: 3,
      width: Self.width - 2, height: Self.height - 5)
    let series = StepSeries(values)
    let envelope = Envelope(values, columns: panel.columns(of: series))
    let outline = panel.outline(envelope, of: series)
    let lost = envelope.columns.filter { $0.least == nil }.map { column in
      "M\(SVG.pair(panel.x(column.indices.lowerBound), 3))h2"
    }.joined()
    let size = "\(SVG.number(Self.width)) \(SVG.number(Self.height))"
    return "<svg class=\"keel spark\" viewBox=\"0 0 \(size)\" aria-hidden=\"true\">"
      + "<path d=\"\(outline)\" class=\"l s0\"/><path d=\"\(lost)\" class=\"thick alarm\"/></svg>"
  }
}
