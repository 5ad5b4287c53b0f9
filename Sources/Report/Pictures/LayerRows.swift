/// The rows of a picture with a row for each layer, or for a few neighbours where there are many.
package struct LayerRows: Sendable {
  package static let limit = 40

  /// Which layers stand in which row, from the input to the output.
  package let groups: [Range<Int>]
  private let layers: [String]
  /// What all names begin and end with, where they are too long to stand beside a row.
  private let shared: (head: String, tail: String)

  package init(_ layers: [String]) {
    self.layers = layers
    let rows = min(Self.limit, layers.count)
    groups = (0..<rows).map { Envelope.indices(of: $0, among: rows, count: layers.count) }
    shared =
      (layers.map(\.unicodeScalars.count).max() ?? 0) > 16 ? Self.shared(by: layers) : ("", "")
  }

  package var count: Int { groups.count }

  /// `dense-3`, or `dense-3 … dense-7` for several.
  package func name(_ row: Int) -> String {
    let group = groups[row]
    let (first, last) = (layers[group.lowerBound], layers[group.upperBound - 1])
    return group.count == 1 ? first : "\(SVG.cut(first, to: 60)) … \(SVG.cut(last, to: 60))"
  }

  package func row(of layer: String) -> Int? {
    layers.firstIndex(of: layer).flatMap { index in groups.firstIndex { $0.contains(index) } }
  }

  /// The parts of a path at the beginning and the end that all names have, with their dots.
  private static func shared(by names: [String]) -> (head: String, tail: String) {
    let paths = names.map { $0.split(separator: ".", omittingEmptySubsequences: false) }
    guard names.count > 1, let first = paths.first, let least = paths.map(\.count).min(), least > 1
    else { return ("", "") }
    let head = (0..<least - 1).prefix { part in paths.allSatisfy { $0[part] == first[part] } }.count
    let tail = (1..<least - head).prefix { part in
      paths.allSatisfy { $0[$0.count - part] == first[first.count - part] }
    }.count
    return (
      first.prefix(head).map { $0 + "." }.joined(), first.suffix(tail).map { "." + $0 }.joined()
    )
  }

  // MARK: the drawing

  /// How high a row is in a picture.
  var height: Double { count <= 12 ? 24 : count <= 24 ? 18 : 15 }

  /// What stands above the names.
  func drawHeading(in svg: inout SVG, y: Double) {
    let pattern = shared.head + "*" + shared.tail
    let all = pattern == "*" ? "" : " (all are \(SVG.fitted(pattern, to: 300, size: 12)))"
    svg.text("layer, from input (top) to output\(all)", x: 12, y: y, "q over")
  }

  /// Names at the left of rows, as wide as the room there.
  func drawNames(in svg: inout SVG, left: Double, top: Double) {
    for row in 0..<count {
      let y = top + (Double(row) + 0.5) * height + 4.5
      // Each name of a group loses as much as the other.
      let names = ends(row)
      let room = names.count == 1 ? left - 19 : (left - 19 - SVG.width(of: " … ", size: 12)) / 2
      let shown = names.map { SVG.fitted($0, to: room, size: 12) }.joined(separator: " … ")
      svg.text(shown, x: left - 7, y: y, "q", .end)
    }
  }

  /// The name of a layer without what all names have.
  func shortName(_ layer: Int) -> String {
    String(layers[layer].dropFirst(shared.head.count).dropLast(shared.tail.count))
  }

  /// The first and the last name of a row without what all names have.
  private func ends(_ row: Int) -> [String] {
    let group = groups[row]
    let ends = group.count == 1 ? [group.lowerBound] : [group.lowerBound, group.upperBound - 1]
    return ends.map(shortName)
  }

  /// How wide the names are, at most.
  func gutter(most: Double) -> Double {
    let widest =
      (0..<count).map { row in
        SVG.width(of: ends(row).map { SVG.cut($0, to: 60) }.joined(separator: " … "), size: 12)
      }.max() ?? 0
    return min(most, max(64, widest + 20))
  }
}
