/// The trials of a search: each a line over the steps it was trained, which ends where it ended.
package struct Tournament: Picture {
  package static let limit = 30

  package enum Ending: String, Sendable, CaseIterable {
    case finished = "went on to the end"
    /// It was sound as far as it was trained.
    case held
    case stopped
    case exploded

    var mark: (shape: Mark, style: String) {
      switch self {
      case .finished: (.dot, "f2")
      case .held: (.dot, "f0")
      case .stopped: (.square, "f0")
      case .exploded: (.cross, "alarm")
      }
    }
  }

  package struct Trial: Equatable, Sendable {
    /// What it changes: `learning-rate 3 → 0.1`.
    package let name: String
    /// Where it began: above zero where it went on from a snapshot.
    package let start: Int
    package let end: Int
    package let ending: Ending
    package let score: Double?
    package let isChosen: Bool

    package init(
      _ name: String, start: Int = 0, end: Int, ending: Ending, score: Double? = nil,
      isChosen: Bool = false
    ) {
      (self.name, self.start, self.end) = (name, start, max(start, end))
      (self.ending, self.score, self.isChosen) = (ending, score, isChosen)
    }

    fileprivate var outcome: String {
      let words =
        switch ending {
        case .finished: "to the end"
        case .held: "held to step \(Numerals.count(end))"
        case .stopped, .exploded: "\(ending.rawValue) at step \(Numerals.count(end))"
        }
      return (isChosen ? "chosen, " : "") + words
        + (score.map { ", score \(Numerals.short($0))" } ?? "")
    }
  }

  private let trials: [Trial]
  private let axis: Axis
  private let shown: [Trial]

  /// - Parameters:
  ///   - trials: in the order in which they are to stand; what was chosen is shown in any case.
  ///   - isLogarithmic: whether steps are; nil where the trials decide, by a tenth.
  /// - Returns: nil where there is no trial.
  package init?(_ trials: [Trial], isLogarithmic: Bool? = nil) {
    guard let last = trials.map(\.end).max(), let least = trials.map(\.end).min()
    else { return nil }
    self.trials = trials
    let first = trials.map(\.start).min() ?? 0
    axis =
      isLogarithmic ?? (first == 0 && last > 10 * max(1, least))
      ? Axis(logarithmicSteps: last) : Axis(steps: first...last)
    let head = trials.prefix(Self.limit)
    let late = trials.dropFirst(Self.limit).filter(\.isChosen).prefix(Self.limit)
    shown = Array(head.prefix(Self.limit - late.count) + late)
  }

  package var title: String { "Trials of the search" }

  package var description: String {
    let chosen = trials.filter(\.isChosen).map { "\(SVG.cut($0.name, to: 120)) (\($0.outcome))" }
    return "\(counts). "
      + (chosen.isEmpty ? "None was chosen." : "Chosen: \(chosen.joined(separator: "; ")).")
  }

  /// `9 trials: 1 went on to the end, 4 stopped, 4 exploded`.
  private var counts: String {
    let parts = Ending.allCases.compactMap { ending in
      let count = trials.count { $0.ending == ending }
      return count == 0 ? nil : "\(Numerals.count(count)) \(ending.rawValue)"
    }
    return "\(Numerals.count(trials.count)) \(trials.count == 1 ? "trial" : "trials"): "
      + parts.joined(separator: ", ")
  }

  // MARK: the drawing

  private let top = 76.0
  private let rowHeight = 32.0

  package var drawing: SVG {
    let height = Double(shown.count) * rowHeight + 8
    let note = rest
    var svg = SVG(
      title: title, description: description,
      height: top + height + 48 + (note == nil ? 0 : 22))
    svg.text(counts, x: 12, y: 46)
    let panel = Panel(
      x: axis, y: Axis(logarithmic: nil), left: 16, top: top, width: SVG.width - 40,
      height: height)
    svg.rect(x: panel.left, y: top, width: panel.width, height: height, "panel")
    panel.drawFoot(in: &svg, axis.scale == .linear ? "step" : "step (log scale)")
    for (index, trial) in shown.enumerated() {
      draw(trial, y: top + 24 + Double(index) * rowHeight, in: &svg, panel)
    }
    if let note { svg.text(note, x: 12, y: top + height + 56, "q") }
    return svg
  }

  /// Its name and its end in words above the line.
  private func draw(_ trial: Trial, y: Double, in svg: inout SVG, _ panel: Panel) {
    let (from, to) = (panel.x(trial.start), panel.x(trial.end))
    let (shape, style) = trial.ending.mark
    let line = trial.ending == .exploded ? "alarm" : trial.ending == .finished ? "s2" : "s0"
    svg.line(from, y + 2, to, y + 2, "\(trial.isChosen ? "thick" : "rule") \(line)")
    if trial.start > 0 { svg.line(from, y - 2, from, y + 6, "rule \(line)") }
    svg.mark(shape, x: to, y: y + 2, style)
    let outcome = trial.outcome
    // Bold letters are wider.
    let size = trial.isChosen ? 14.5 : 13
    let room = panel.width - 26 - SVG.width(of: outcome, size: size)
    let emphasis = trial.isChosen ? "tag b" : "tag"
    svg.text(SVG.fitted(trial.name, to: room, size: size), x: panel.left + 6, y: y - 6, emphasis)
    svg.text(outcome, x: panel.right - 6, y: y - 6, emphasis, .end)
  }

  private var rest: String? {
    let left = trials.count - shown.count
    guard left > 0 else { return nil }
    let exploded = trials.count { $0.ending == .exploded } - shown.count { $0.ending == .exploded }
    return "\(Numerals.count(left)) more \(left == 1 ? "trial is" : "trials are") not shown, "
      + "\(Numerals.count(exploded)) of them exploded"
  }

  // MARK: the numbers

  package var table: PictureTable {
    PictureTable(
      caption: counts, header: ["trial", "from step", "to step", "ending", "score", "chosen"],
      rows: trials.map {
        [
          $0.name, Numerals.count($0.start), Numerals.count($0.end), $0.ending.rawValue,
          $0.score.map(Numerals.short) ?? "–", $0.isChosen ? "yes" : "no",
        ]
      })
  }
}
