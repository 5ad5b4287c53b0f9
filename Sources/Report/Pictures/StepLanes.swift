/// What happened at which step: a lane for each kind, below each other, on the axis of the curves.
struct StepLanes: Sendable {
  static let height = 20.0

  private let lanes: [Lane]

  private struct Lane: Sendable {
    let name: String
    let shape: Mark
    let style: String
    let marks: [StepMark]
  }

  init(_ marks: [StepMark]) {
    let rewinds = marks.filter { if case .rewind = $0.kind { true } else { false } }
    lanes = [
      Lane(
        name: "alarms", shape: .triangle, style: "f1", marks: marks.filter { $0.kind == .alarm }),
      Lane(
        name: "skipped", shape: .dot, style: "s1 open",
        marks: marks.filter { $0.kind == .skipped }),
      Lane(
        name: "snapshots", shape: .bar, style: "s2", marks: marks.filter { $0.kind == .snapshot }),
      Lane(name: "rewinds", shape: .dot, style: "f3", marks: rewinds),
    ].filter { !$0.marks.isEmpty }
  }

  var height: Double { Double(lanes.count) * Self.height }

  /// How often what happened: `3 alarms, 1 rewinds`.
  var counts: [String] { lanes.map { "\($0.name): \(Numerals.count($0.marks.count))" } }

  func draw(in svg: inout SVG, _ panel: Panel, top: Double) {
    for (index, lane) in lanes.enumerated() {
      let y = top + (Double(index) + 0.5) * Self.height
      svg.text(lane.name, x: panel.left - 7, y: y + 4.5, "q", .end)
      svg.line(panel.left, y, panel.right, y, "g")
      let unit = lane.name != "skipped" ? "" : lane.marks.count == 1 ? " step" : " steps"
      svg.text(Numerals.count(lane.marks.count) + unit, x: panel.right + 8, y: y + 4.5, "q")
      if lane.name == "rewinds" {
        drawRewinds(lane, in: &svg, panel, y)
      } else {
        svg.marks(lane.shape, at: places(lane.marks, panel).map { ($0, y) }, lane.style)
      }
    }
  }

  /// One place for all marks that could not be told apart.
  private func places(_ marks: [StepMark], _ panel: Panel) -> [Double] {
    var places: [Double] = []
    for place in marks.map({ panel.x($0.step) }).sorted() where place - (places.last ?? -9) >= 3 {
      places.append(place)
    }
    return places
  }

  /// An arrow from the step that was lost to the one that the run went back to.
  private func drawRewinds(_ lane: Lane, in svg: inout SVG, _ panel: Panel, _ y: Double) {
    var data = ""
    var drawn: Set<String> = []
    for mark in lane.marks {
      guard case .rewind(let target) = mark.kind else { continue }
      let (from, to) = (panel.x(mark.step), panel.x(target))
      let arrow =
        "M\(SVG.pair(from, y + 5))v-5H\(SVG.number(min(to, from - 6)))m6-4l-6 4l6 4"
      if drawn.count < 200, drawn.insert(arrow).inserted { data += arrow }
    }
    svg.path(data, "rule s3")
  }
}
