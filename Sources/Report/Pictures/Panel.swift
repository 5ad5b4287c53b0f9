/// A rectangle with an axis at its foot and one at its left, and values within.
package struct Panel: Sendable {
  package let x: Axis
  package let y: Axis
  package let left: Double
  package let top: Double
  package let width: Double
  package let height: Double

  var right: Double { left + width }
  var bottom: Double { top + height }

  func x(_ value: Double) -> Double { left + x.position(value) * width }
  func x(_ step: Int) -> Double { x(Double(step)) }
  func y(_ value: Double) -> Double { bottom - y.position(value) * height }

  /// How many columns of a series can be told apart.
  var columns: Int { max(1, Int(width / 2)) }

  /// The rectangle, its grid and the labels of its ticks.
  /// - Parameters:
  ///   - name: what the upright axis measures, in which unit; empty where `drawName` says it.
  ///   - foot: what the other measures; nil where another panel below says so.
  func draw(in svg: inout SVG, name: String = "", foot: String?) {
    svg.rect(x: left, y: top, width: width, height: height, "panel")
    if !name.isEmpty { drawName(name, in: &svg) }
    for tick in y.ticks {
      if y.isInside(tick.value) { svg.line(left, y(tick.value), right, y(tick.value), "g") }
      svg.text(tick.label, x: left - 7, y: y(tick.value) + 4.5, "q", .end)
    }
    drawFoot(in: &svg, foot)
  }

  /// What the upright axis measures, over what else is there.
  func drawName(_ name: String, in svg: inout SVG) {
    svg.text(SVG.fitted(name, to: width + left - 12), x: 12, y: top - 12, "b over")
  }

  /// The grid of the axis at the foot, and its labels where it has a name.
  func drawFoot(in svg: inout SVG, _ name: String?) {
    for tick in x.ticks {
      if x.isInside(tick.value) { svg.line(x(tick.value), top, x(tick.value), bottom, "g") }
      if name != nil { svg.text(tick.label, x: x(tick.value), y: bottom + 17, "q", .middle) }
    }
    if let name { svg.text(name, x: left + width / 2, y: bottom + 35, "", .middle) }
  }

  /// How many columns of a series can be told apart that is shorter than the axis.
  func columns(of series: StepSeries) -> Int {
    max(1, Int((x(series.last) - x(series.first)) / 2) + 1)
  }

  /// A series as a line from column to column, through the least and the largest value of each.
  ///
  /// It breaks where nothing is finite; `drawNonFinite` marks that.
  func outline(_ envelope: Envelope, of series: StepSeries) -> String {
    var data = ""
    var isOpen = false
    for (index, column) in envelope.columns.enumerated() {
      guard let least = column.least, let largest = column.largest else {
        isOpen = false
        continue
      }
      let isLone =
        !isOpen
        && (index + 1 == envelope.columns.count || envelope.columns[index + 1].least == nil)
      let place = x(Self.middle(of: column, series))
      let ends =
        least == largest ? [least] : column.isRising ? [least, largest] : [largest, least]
      for value in ends {
        data += "\(isOpen ? "L" : "M")\(SVG.pair(place, y(Double(value))))"
        isOpen = true
      }
      // A line of one point would not be seen.
      if isLone, least == largest { data += "h1" }
    }
    return data
  }

  /// The style of a line; one of columns that stand for several values is as wide as they are.
  static func line(_ number: Int, _ envelope: Envelope, _ series: StepSeries) -> String {
    series.values.count > 8 * envelope.columns.count ? "l dense s\(number)" : "l s\(number)"
  }

  private static func middle(of column: Envelope.Column, _ series: StepSeries) -> Int {
    (series.step(column.indices.lowerBound) + series.step(column.indices.upperBound - 1)) / 2
  }

  /// A cross at the upper edge where a run of values that are not finite begins, and a bar as long
  /// as it lasts.
  func drawNonFinite(_ envelope: Envelope, of series: StepSeries, in svg: inout SVG) {
    var data = ""
    for column in envelope.columns where column.nonFinite > 0 && column.least == nil {
      let (first, last) = (column.indices.lowerBound, column.indices.upperBound)
      let from = x(series.step(first))
      data += "M\(SVG.pair(from, top))H\(SVG.number(max(from + 1, x(series.step(last)))))"
    }
    svg.path(data, "thick alarm")
    svg.marks(
      .cross, at: envelope.marks.map { (x(series.step($0.index)), top) }, "alarm")
  }

  /// What has no logarithm lies on the lower edge; where there is any, that is said.
  func drawZeros(_ envelopes: [Envelope], in svg: inout SVG) {
    let isThere = envelopes.contains { $0.columns.contains { ($0.least ?? 1) <= 0 } }
    guard isThere else { return }
    svg.text("0 and below: on the lower edge", x: left + 6, y: bottom - 6, "q tag")
  }

  /// Four places on a line, for marks; those of lines with another shift are beside them.
  func places(
    _ envelope: Envelope, of series: StepSeries, shift: Int
  ) -> [(x: Double, y: Double)] {
    (0..<4).compactMap { place in
      let share = (Double(place) + 0.1 + 0.13 * Double(shift % 7)) / 4
      let column = envelope.columns[Int(share * Double(envelope.columns.count - 1))]
      return column.largest.map { (x(Self.middle(of: column, series)), y(Double($0))) }
    }
  }

  /// The last value that is finite, with its place.
  func end(_ envelope: Envelope, of series: StepSeries) -> (x: Double, y: Double)? {
    envelope.columns.last { $0.least != nil }.map { column in
      let value = (column.isRising ? column.largest : column.least) ?? 0
      return (x(Self.middle(of: column, series)), y(Double(value)))
    }
  }
}
