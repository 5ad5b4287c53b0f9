/// Which factors an experiment kept and which it reset, and what became of it.
package struct TruthTablePicture: Picture {
  package static let rowLimit = 40
  package static let factorLimit = 14

  package enum Outcome: String, Sendable, CaseIterable {
    case holds
    case explodes
    case doesNotLearn = "does not learn"
    case undecided

    var mark: (shape: Mark, style: String) {
      switch self {
      case .holds: (.dot, "f2")
      case .explodes: (.cross, "alarm")
      case .doesNotLearn: (.square, "s4 open")
      case .undecided: (.diamond, "ink open")
      }
    }
  }

  package struct Experiment: Equatable, Sendable {
    /// For each factor, whether it was left as it is in the recipe.
    package let isKept: [Bool]
    package let outcome: Outcome
    package let steps: Int

    package init(isKept: [Bool], outcome: Outcome, steps: Int) {
      (self.isKept, self.outcome, self.steps) = (isKept, outcome, steps)
    }
  }

  private let factors: [String]
  private let experiments: [Experiment]
  private let shown: Int

  /// - Returns: nil where there is no factor or no experiment.
  package init?(factors: [String], experiments: [Experiment]) {
    guard !factors.isEmpty, !experiments.isEmpty else { return nil }
    (self.factors, self.experiments) = (factors, experiments)
    shown = min(factors.count, Self.factorLimit)
  }

  package var title: String { "Truth table: which factors make it explode" }

  package var description: String {
    let outcomes = Outcome.allCases.compactMap { outcome in
      let count = experiments.count { $0.outcome == outcome }
      return count == 0 ? nil : "\(outcome.rawValue): \(Numerals.count(count))"
    }
    let names = factors.prefix(shown).map { SVG.cut($0, to: 40) }.joined(separator: ", ")
    return "Experiments with the factors \(names). Outcomes: \(outcomes.joined(separator: ", "))."
  }

  // MARK: the drawing

  private let rowHeight = 26.0
  private let left = 44.0
  private var rows: [Experiment] { Array(experiments.prefix(Self.rowLimit)) }
  private var column: Double { min(56, 400 / Double(shown)) }
  private var right: Double { left + Double(shown) * column }
  /// As high as the names that lean above the columns.
  private var top: Double {
    let longest = factors.prefix(shown).map { SVG.width(of: SVG.fitted($0, to: 150)) }.max() ?? 0
    return 62 + longest * 0.64
  }

  package var drawing: SVG {
    let foot = top + Double(rows.count) * rowHeight
    let notes = notes
    var svg = SVG(
      title: title, description: description, height: foot + 40 + Double(notes.count) * 18)
    for (index, factor) in factors.prefix(shown).enumerated() {
      let x = left + (Double(index) + 0.5) * column
      svg.text(SVG.fitted(factor, to: 150), x: x + 4, y: top - 8, turned: -40)
      svg.line(x, top, x, foot, "g")
    }
    svg.text("outcome", x: right + 34, y: top - 8, "b")
    svg.text("steps", x: right + 250, y: top - 8, "b", .end)
    for (index, experiment) in rows.enumerated() {
      draw(experiment, number: index + 1, y: top + (Double(index) + 0.5) * rowHeight, in: &svg)
    }
    svg.line(12, foot, right + 250, foot, "g")
    svg.mark(.dot, x: 18, y: foot + 20, "ink")
    svg.text("as in the recipe", x: 28, y: foot + 24.5)
    svg.mark(.dot, x: 158, y: foot + 20, "ink open")
    svg.text("reset to the reference", x: 168, y: foot + 24.5)
    for (index, note) in notes.enumerated() {
      svg.text(note, x: 12, y: foot + 44 + Double(index) * 18, "q")
    }
    return svg
  }

  private func draw(_ experiment: Experiment, number: Int, y: Double, in svg: inout SVG) {
    svg.line(12, y - rowHeight / 2, right + 250, y - rowHeight / 2, "g")
    svg.text("\(number)", x: left - 8, y: y + 4.5, "q", .end)
    for style in ["ink", "ink open"] {
      let places = experiment.isKept.prefix(shown).indices
        .filter { experiment.isKept[$0] == (style == "ink") }
        .map { (x: left + (Double($0) + 0.5) * column, y: y) }
      svg.marks(.dot, at: places, style)
    }
    let (shape, style) = experiment.outcome.mark
    svg.mark(shape, x: right + 22, y: y, style)
    let emphasis = experiment.outcome == .explodes ? "b bad" : ""
    svg.text(experiment.outcome.rawValue, x: right + 34, y: y + 4.5, emphasis)
    svg.text(Numerals.count(experiment.steps), x: right + 250, y: y + 4.5, "q", .end)
  }

  private var notes: [String] {
    let factors = factors.count - shown
    let left = experiments.count - rows.count
    return [
      factors > 0 ? "\(Numerals.count(factors)) more factors are not shown" : nil,
      left > 0 ? "\(Numerals.count(left)) more experiments are not shown" : nil,
    ].compactMap { $0 }
  }

  // MARK: the numbers

  package var table: PictureTable {
    PictureTable(
      caption: title, header: ["experiment"] + factors.prefix(shown) + ["outcome", "steps"],
      rows: experiments.enumerated().map { index, experiment in
        let states = (0..<shown).map { factor in
          factor < experiment.isKept.count ? (experiment.isKept[factor] ? "kept" : "reset") : "–"
        }
        return ["\(index + 1)"] + states
          + [experiment.outcome.rawValue, Numerals.count(experiment.steps)]
      })
  }
}
