import Foundation
import KeelAuthoring

/// A stability map: what becomes of a training at every pair of two settings, the edge that was
/// measured, and the one that forty steps see.
///
/// Stable cells are the bright end of cividis; of those that explode the darkest do in the first
/// steps. What learns nothing is the panel's ground, with a bar where no gradient arrives.
package struct EdgeMap: Picture {
  private let map: StabilityMap
  private let place: (x: Double, y: Double)?
  private let left = 96.0
  private let top = 78.0
  private let side = 480.0

  /// - Parameter place: of the recipe itself; nil where it is beyond the map, or nobody knows.
  package init(_ map: StabilityMap, place: (x: Double, y: Double)? = nil) {
    (self.map, self.place) = (map, place)
  }

  /// A map of a recipe, with its place in it.
  package init(_ map: StabilityMap, of recipe: Recipe) {
    func number(_ axis: MapAxis) -> Double? {
      let value = recipe.written.value(at: axis.path)?.number
      let (low, high) = (axis.values[0], axis.values[axis.values.count - 1])
      return value.flatMap { $0 >= low && $0 <= high ? $0 : nil }
    }
    let place = number(map.x).flatMap { x in number(map.y).map { (x: x, y: $0) } }
    self.init(map, place: place)
  }

  package var title: String { "Stability over \(SVG.cut(map.x.path, to: 70))" }

  package var description: String {
    let all = map.cells.joined()
    let counts = StabilityMap.Outcome.allCases.compactMap { outcome in
      let count = all.count { $0.outcome == outcome }
      return count == 0 ? nil : "\(outcome.rawValue): \(Numerals.count(count))"
    }
    return
      "\(map.x.path) from \(ends(of: map.x)) to the right, \(map.y.path) from \(ends(of: map.y)) "
      + "upwards. Cells: \(counts.joined(separator: ", "))."
      + (place.map { " The recipe is at \(Numerals.short($0.x)) and \(Numerals.short($0.y))." }
        ?? "")
  }

  private func ends(of axis: MapAxis) -> String {
    "\(Numerals.short(axis.values[0])) to \(Numerals.short(axis.values[axis.values.count - 1]))"
  }

  // MARK: the drawing

  private var columns: Int { map.x.values.count }
  private var rows: Int { map.y.values.count }
  private var cell: (width: Double, height: Double) {
    (side / Double(columns), side / Double(rows))
  }
  private func y(row: Int) -> Double { top + side - Double(row + 1) * cell.height }

  package var drawing: SVG {
    var svg = SVG(title: title, description: description, height: top + side + 132)
    svg.rect(x: left, y: top, width: side, height: side, "panel")
    drawCells(in: &svg)
    drawEdge(map.edges.map(\.measured), "k ink", in: &svg)
    drawEdge(map.edges.map(\.forecast), "past alarm", in: &svg)
    if let place {
      let at = (x: x(place.x), y: y(place.y))
      svg.mark(.diamond, x: at.x, y: at.y, "halo")
      svg.mark(.diamond, x: at.x, y: at.y, "ink")
    }
    drawAxes(in: &svg)
    drawLegend(in: &svg)
    return svg
  }

  /// How an outcome is filled; nil for the ground.
  private func fill(_ cell: StabilityMap.Cell) -> String? {
    switch cell.outcome {
    case .stable: return "c\(Palette.levels - 1)"
    case .exploding:
      // The first step darkest, the thousandth and later in the middle.
      let share = cell.step.map { min(1, log10(Double($0 + 1)) / 3) } ?? 0.5
      return "c\(Palette.level(0.55 * share))"
    case .vanishing, .notLearning, .notMade: return nil
    }
  }

  private func drawCells(in svg: inout SVG) {
    for (row, cells) in map.cells.enumerated() {
      var column = 0
      while column < cells.count {
        let style = fill(cells[column])
        let outcome = cells[column].outcome
        let end =
          cells[column...].firstIndex { fill($0) != style || $0.outcome != outcome } ?? cells.count
        let x = left + Double(column) * cell.width
        let width = Double(end - column) * cell.width
        if let style {
          svg.rect(x: x, y: y(row: row), width: width, height: cell.height, "cell \(style)")
        } else if outcome == .vanishing {
          let middle = y(row: row) + cell.height * 0.4
          svg.rect(x: x, y: middle, width: width, height: cell.height * 0.2, "cell zero")
        }
        column = end
      }
    }
  }

  /// From row to row; it breaks where a row has no edge.
  private func drawEdge(_ edge: [Double?], _ style: String, in svg: inout SVG) {
    var data = ""
    for (row, value) in edge.enumerated() {
      guard let value else { continue }
      let x = x(value)
      let isOpen = row > 0 && edge[row - 1] != nil
      data += "\(isOpen ? "L" : "M")\(SVG.pair(x, y(row: row) + cell.height))"
      data += "L\(SVG.pair(x, y(row: row)))"
    }
    svg.path(data, "halo")
    svg.path(data, style)
  }

  /// Cells stand around their values.
  private func x(_ value: Double) -> Double {
    left + cell.width * 0.5 + position(value, map.x) * (side - cell.width)
  }

  private func y(_ value: Double) -> Double {
    top + side - cell.height * 0.5 - position(value, map.y) * (side - cell.height)
  }

  private func position(_ value: Double, _ axis: MapAxis) -> Double {
    let (low, high) = (axis.values[0], axis.values[axis.values.count - 1])
    return axis.scale == .linear
      ? (value - low) / (high - low) : log(value / low) / log(high / low)
  }

  private func drawAxes(in svg: inout SVG) {
    for value in ticks(map.x) {
      svg.line(x(value), top + side, x(value), top + side + 4, "axis")
      svg.text(Numerals.short(value), x: x(value), y: top + side + 17, "q", .middle)
    }
    svg.text(
      SVG.fitted(map.x.path, to: side), x: left + side / 2, y: top + side + 36, "", .middle)
    for value in ticks(map.y) {
      let y = y(value)
      svg.line(left - 4, y, left, y, "axis")
      svg.text(Numerals.short(value), x: left - 8, y: y + 4.5, "q", .end)
    }
    svg.text(SVG.fitted(map.y.path, to: SVG.width - 24), x: 12, y: top - 14, "b")
  }

  /// Powers of ten, every so many; six values evenly where the axis is short or linear.
  private func ticks(_ axis: MapAxis) -> [Double] {
    let (low, high) = (axis.values[0], axis.values[axis.values.count - 1])
    if axis.scale == .logarithmic, high / low >= 100 {
      let exponents =
        Int((log10(low) - 1e-9).rounded(.up))...Int((log10(high) + 1e-9).rounded(.down))
      let stride = max(1, (exponents.count + 5) / 6)
      return exponents.filter { $0.isMultiple(of: stride) }.map { pow(10, Double($0)) }
    }
    return (0..<6).map { axis.values[$0 * (axis.values.count - 1) / 5] }.reduce(into: []) {
      if $0.last != $1 { $0.append($1) }
    }
  }

  private func drawLegend(in svg: inout SVG) {
    var (x, y) = (left, top + side + 56)
    func name(_ text: String, in svg: inout SVG) {
      svg.text(text, x: x + 26, y: y + 10.5, "q")
      x += 26 + SVG.width(of: text, size: 12) + 20
    }
    func box(_ style: String, in svg: inout SVG) {
      svg.rect(x: x, y: y, width: 20, height: 13, style)
    }
    box("cell c\(Palette.levels - 1)", in: &svg)
    name("stable", in: &svg)
    box("cell c\(Palette.level(0))", in: &svg)
    name("explodes at once", in: &svg)
    box("cell c\(Palette.level(0.55))", in: &svg)
    name("after 1,000 steps", in: &svg)
    box("panel", in: &svg)
    name("learns nothing", in: &svg)
    x = left
    y += 24
    svg.line(x, y + 6.5, x + 20, y + 6.5, "k ink")
    name("where it begins to explode, as measured", in: &svg)
    if map.isForecast {
      svg.line(x, y + 6.5, x + 20, y + 6.5, "past alarm")
      name("as forty steps forecast it", in: &svg)
    }
    x = left
    y += 24
    if place != nil {
      svg.mark(.diamond, x: x + 10, y: y + 6.5, "ink")
      name("this recipe", in: &svg)
    }
    guard map.cells.joined().contains(where: { $0.outcome == .vanishing }) else { return }
    box("panel", in: &svg)
    svg.rect(x: x, y: y + 5.5, width: 20, height: 2, "cell zero")
    name("no gradient arrives", in: &svg)
  }

  // MARK: the numbers

  package var table: PictureTable {
    PictureTable(
      caption: "Where \(map.x.path) begins to explode",
      header: [map.y.path, "measured", "forecast"],
      rows: zip(map.y.values, map.edges).map { value, edge in
        [
          Numerals.short(value), edge.measured.map(Numerals.short) ?? "–",
          edge.forecast.map(Numerals.short) ?? "–",
        ]
      })
  }
}
