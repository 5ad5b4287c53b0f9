import Foundation
import KeelAuthoring

/// What a person reads of a stability map: the cells as letters, the edge as a line, and how far
/// the forecast's is from it.
package struct MapPage: Page {
  private let map: StabilityMap
  private let name: String
  private let written: [String]

  /// - Parameter written: files that it was drawn into.
  package init(_ map: StabilityMap, of recipe: Recipe, written: [String]) {
    (self.map, name, self.written) = (map, recipe.name, written)
  }

  private var out: Style.Type { Style.self }
  /// A terminal of 80 columns has room for so many cells beside the numbers.
  private static let widest = 66

  package var text: String {
    var lines = [
      "\(out.bold(shown(name, limit: 40)))  \(summary)", "",
      out.dim(shown(map.y.path, limit: 76)),
    ]
    lines += rows
    lines += [foot, ""] + legend + ["", distance]
    lines += written.map { "\(out.bold("written"))  \($0)" }
    return lines.joined(separator: "\n") + "\n"
  }

  private var summary: String {
    let cells = map.x.values.count * map.y.values.count
    let percent = Text.percent(Double(map.trained) / Double(cells))
    return
      "\(map.x.values.count) × \(map.y.values.count) cells, \(Text.count(map.trained)) of them "
      + "trained (\(percent)), \(Text.count(map.steps)) steps"
  }

  /// Of more cells than there is room for every so many are shown.
  private var stride: (x: Int, y: Int) {
    let x = (map.x.values.count + Self.widest - 1) / Self.widest
    // A letter is twice as high as wide.
    return (x, max(1, (map.y.values.count + Self.widest / 2 - 1) / (Self.widest / 2)))
  }

  private var shownColumns: [Int] {
    Array(Swift.stride(from: 0, to: map.x.values.count, by: stride.x))
  }

  private var rows: [String] {
    let shown = Array(Swift.stride(from: 0, to: map.y.values.count, by: stride.y))
    return shown.reversed().map { row in
      let isNamed = (shown.firstIndex(of: row) ?? 0) % 6 == 0 || row == shown.last
      let label = isNamed ? Text.number(map.y.values[row]) : ""
      let edge = map.edges[row].forecast.map { place(of: $0) }
      let cells = shownColumns.enumerated().map { index, column in
        edge == index ? out.bold("|") : symbol(map.cells[row][column])
      }
      return String(repeating: " ", count: max(0, 9 - label.count)) + label + " "
        + cells.joined()
    }
  }

  /// The shown column that is nearest to a value.
  private func place(of value: Double) -> Int {
    shownColumns.indices.min {
      map.x.distance(map.x.values[shownColumns[$0]], value)
        < map.x.distance(map.x.values[shownColumns[$1]], value)
    } ?? 0
  }

  private func symbol(_ cell: StabilityMap.Cell) -> String {
    switch cell.outcome {
    case .stable: out.green("·")
    case .exploding: out.red("x")
    case .vanishing: out.yellow("v")
    case .notLearning: out.yellow("-")
    case .notMade: " "
    }
  }

  private var foot: String {
    let (low, high) = (Text.number(map.x.values[0]), Text.number(map.x.values.last ?? 0))
    let width = shownColumns.count
    let path = shown(map.x.path, limit: max(8, width - low.count - high.count - 2))
    let gap = max(2, width - low.count - high.count - path.count)
    return String(repeating: " ", count: 10) + low + String(repeating: " ", count: gap / 2)
      + out.dim(path) + String(repeating: " ", count: gap - gap / 2) + high
  }

  private var legend: [String] {
    [
      "  \(out.green("·")) stable   \(out.red("x")) explodes   \(out.yellow("v")) no gradient arrives   "
        + "\(out.yellow("-")) learns nothing"
    ]
      + (map.isForecast ? ["  \(out.bold("|")) where forty steps begin to explode"] : [])
  }

  private var distance: String {
    guard map.isForecast else { return "where it would explode is not forecast anywhere on it" }
    guard let distance = map.edgeDistance else {
      return "no row has both a measured edge and a forecast one"
    }
    let unit = map.x.scale == .logarithmic ? "decades" : "of the range"
    let rows = map.edges.count { $0.measured != nil && $0.forecast != nil }
    return
      "the forecast's edge is \(Text.number(distance)) \(unit) from the measured one,\n"
      + "in the middle of \(rows) row\(rows == 1 ? "" : "s")"
  }

  package var body: StabilityMap { map }
}
