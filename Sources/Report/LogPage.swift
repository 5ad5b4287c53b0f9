import Foundation
import KeelAuthoring
import KeelLogs

/// What a person reads of a log: what became of the training, what led, how it grew, what is
/// suspected; what the log does not show, and what would decide.
package struct LogPage: Page {
  private let diagnosis: LogDiagnosis
  private let name: String

  /// - Parameter name: the log as it stood on the command line.
  package init(_ diagnosis: LogDiagnosis, of name: String) {
    (self.diagnosis, self.name) = (diagnosis, name)
  }

  // MARK: for people

  private var out: Style.Type { Style.self }
  private var log: TrainingLog { diagnosis.log }

  package var text: String {
    var lines = [seen]
    if diagnosis.explosion != nil { lines += suspects }
    lines += [""] + unknown + [""] + next
    return lines.joined(separator: "\n") + "\n"
  }

  /// What its numbers show, and what they make suspect.
  var evidence: [String] { story + suspects }

  /// What is there to be seen, before anything is suspected.
  var seen: String {
    (verdict + (diagnosis.explosion == nil ? [] : [""] + story)).joined(separator: "\n")
  }

  private var verdict: [String] {
    let title = out.bold(shown((name as NSString).lastPathComponent, limit: 60))
    let values = log.series(of: .loss)?.series.count ?? 0
    let what =
      "\(log.format.rawValue), \(Text.count(values)) \(values == 1 ? "value" : "values") of the loss"
    let losses =
      "loss \(Text.number(diagnosis.losses.first)) at first, \(Text.number(diagnosis.losses.last)) "
      + "at the end"
    guard let explosion = diagnosis.explosion else {
      let mark =
        values < 3
        ? out.yellow("! too few values to tell")
        : diagnosis.verdict == .healthy
          ? out.green("✓ nothing exploded") : out.yellow("! nothing was learnt")
      return ["\(title)  \(mark)", "  \(what); \(losses)"]
    }
    let unit = log.isPerEpoch ? "epoch" : "step"
    let sentence =
      switch (explosion.kind, explosion.place) {
      case (.divergence, _): "the loss passed 5 times its start there, and did not come back"
      case (.nonFinite, "gradient"): "the gradient norm is the first to be non-finite"
      case (.nonFinite, _): "the loss is the first to be non-finite"
      }
    return [
      "\(title)  \(out.red("✗ exploding")) at \(unit) \(Text.count(explosion.step))",
      "  \(sentence)", "  \(what); \(losses)",
    ]
  }

  /// What led, how it grew, where it began.
  private var story: [String] {
    var lines: [String] = []
    if let leader = diagnosis.leader {
      let since = leader.step.map { " from step \(Text.count($0)) on" } ?? ""
      let words =
        switch leader.what {
        case .rate: "the learning rate rose\(since), and loss and gradient after it"
        case .gradientNorm: "the gradient norm left what was usual first,\(since)"
        case .loss: "the loss left what was usual\(since)"
        case .nothing: "nothing: it was lost between two values"
        }
      lines.append("led     \(words)")
    }
    if let law = diagnosis.law {
      let kind = law.isExponential ? "by a factor of \(Text.number(law.factor)) a step" : "unevenly"
      let end =
        law.isExponential && abs(law.overflow) < 1e15
        ? "; so it leaves float32 at step \(Text.count(Int(law.overflow)))" : ""
      let what = law.quantity == MetricName.loss.rawValue ? "the loss" : "the gradient norm"
      lines.append("grew    \(what) \(kind), over \(Text.count(law.steps)) steps\(end)")
    }
    if let share = diagnosis.clippedShare {
      lines.append(
        "clip    the gradient norm stands at its largest value in \(Text.percent(share)) of the steps"
      )
    }
    if let first = diagnosis.firstLayer {
      let step = Text.count(first.step)
      lines.append("layer   \(shown(first.name, limit: 60)) departed first, at step \(step)")
    }
    if let gain = diagnosis.layerGain {
      lines.append(
        "depth   the gradient is multiplied by \(Text.number(gain)) a layer, towards the input")
    }
    return lines
  }

  private var suspects: [String] {
    diagnosis.findings.flatMap { finding in
      let percent = Int((finding.confidence * 100).rounded())
      return [
        "",
        "\(out.bold("suspect"))  \(finding.cause) \(out.dim("(\(percent) in 100; no experiment)"))",
      ]
        + finding.exhibits.map { exhibit in
          "         \(exhibit.quantity): \(Text.number(exhibit.measured)), in a sound one "
            + "\(Text.number(exhibit.expected))"
        }
    }
  }

  private var unknown: [String] {
    let lines =
      [
        diagnosis.findings.isEmpty
          ? "anything that was not logged" : "which of them it was: a log is no experiment"
      ] + diagnosis.hidden
    return lines.enumerated().map { index, line in
      (index == 0 ? out.bold("not known") + "  " : "           ") + shown(line, limit: 300)
    }
  }

  private var next: [String] {
    [
      out.dim("next"),
      "  keel diagnose \(Text.quoted(name)) --recipe RECIPE  # what decides: as a recipe, or a study",
      "  keel diagnose --engine COMMAND    # or where it runs, in PyTorch or Keras",
    ]
  }

  // MARK: for machines

  package var body: Reproducible<Content> {
    Reproducible(
      result: Content(diagnosis: diagnosis), findings: diagnosis.findings, line: name)
  }

  /// The diagnosis's keys, and beside them what only a log says.
  package struct Content: Encodable {
    let diagnosis: LogDiagnosis

    private enum CodingKeys: CodingKey {
      case log, verdict, ruledOut, truthTable, training, leader, law, clippedShare, firstLayer
      case layerGain, hidden
    }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(Source(diagnosis), forKey: .log)
      try container.encode(diagnosis.verdict, forKey: .verdict)
      try container.encode([String](), forKey: .ruledOut)
      try container.encodeNil(forKey: .truthTable)
      try container.encode(Seen(diagnosis), forKey: .training)
      try container.encode(diagnosis.leader.map(Leading.init), forKey: .leader)
      try container.encode(diagnosis.law.map(Growth.init), forKey: .law)
      try container.encode(diagnosis.clippedShare, forKey: .clippedShare)
      try container.encode(
        diagnosis.firstLayer.map { Layer(name: $0.name, step: $0.step) }, forKey: .firstLayer)
      try container.encode(diagnosis.layerGain, forKey: .layerGain)
      try container.encode(diagnosis.hidden, forKey: .hidden)
    }
  }

  private struct Source: Encodable {
    let path: String
    let format: String
    let names: [String]

    init(_ diagnosis: LogDiagnosis) {
      (path, format) = (diagnosis.log.path, diagnosis.log.format.rawValue)
      names = diagnosis.log.series.keys.sorted()
    }
  }

  /// A training as far as a log tells; what it does not is NaN.
  private struct Seen: Encodable {
    let outcome: String
    let verdict: Verdict
    let steps: Int
    let loss: Double
    let skill: Double
    let explosion: Explosion?

    init(_ diagnosis: LogDiagnosis) {
      (verdict, explosion) = (diagnosis.verdict, diagnosis.explosion)
      outcome = diagnosis.explosion == nil ? "trained" : "exploded"
      (steps, loss) = (diagnosis.steps, diagnosis.losses.last)
      skill = diagnosis.skill
    }

    private enum CodingKeys: CodingKey {
      case outcome, verdict, steps, loss, skill, score, metric, explosion, recoveries, seconds
      case stepsPerSecond
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(outcome, forKey: .outcome)
      try container.encode(verdict, forKey: .verdict)
      try container.encode(steps, forKey: .steps)
      try container.encode(loss, forKey: .loss)
      try container.encode(skill, forKey: .skill)
      try container.encode(Double.nan, forKey: .score)
      try container.encodeNil(forKey: .metric)
      try container.encode(explosion, forKey: .explosion)
      try container.encode([String](), forKey: .recoveries)
      try container.encode(Double.nan, forKey: .seconds)
      try container.encode(Double.nan, forKey: .stepsPerSecond)
    }
  }

  private struct Leading: Encodable {
    let what: LogDiagnosis.Leader
    let step: Int?

    init(_ leader: (what: LogDiagnosis.Leader, step: Int?)) { (what, step) = leader }
  }

  private struct Growth: Encodable {
    let quantity: String
    let factor, fit, overflow: Double
    let steps, count: Int

    init(_ law: GrowthLaw) {
      quantity = law.quantity
      (factor, fit, overflow) = (law.factor, law.fit, law.overflow)
      (steps, count) = (law.steps, law.count)
    }
  }

  private struct Layer: Encodable {
    let name: String
    let step: Int
  }
}
