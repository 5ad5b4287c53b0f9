import Foundation
import KeelAuthoring

/// What a person reads after a diagnosis: the verdict, the causes with their proof, what was ruled
/// out, and what to type next.
package struct DiagnosisPage: Page {
  private let diagnosis: Diagnosis
  private let recipe: Recipe
  private let line: String
  private let engine: EngineNote?

  /// - Parameters:
  ///   - line: the recipe as it stood on the command line.
  ///   - engine: what trained in Keel's place; nil where nothing did.
  package init(
    _ diagnosis: Diagnosis, of recipe: Recipe, line: String, engine: EngineNote? = nil
  ) {
    (self.diagnosis, self.recipe, self.line) = (diagnosis, recipe, line)
    self.engine = engine
  }

  private var out: Style.Type { Style.self }

  /// The same for machines.
  package struct Content: Encodable {
    let recipe: Recipe
    let diagnosis: Diagnosis

    enum CodingKeys: CodingKey { case recipe }

    package func encode(to encoder: any Encoder) throws {
      try diagnosis.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(recipe, forKey: .recipe)
    }
  }

  package var body: Reproducible<Content> {
    Reproducible(
      result: Content(recipe: recipe, diagnosis: diagnosis), findings: diagnosis.findings,
      line: line)
  }

  package var text: String { engine?.named(page, line) ?? page }

  private var page: String {
    guard diagnosis.verdict == .exploding else {
      return (verdict + sickness).joined(separator: "\n") + "\n"
    }
    let lines =
      verdict + (engine?.caution ?? []) + findings + ruledOut
      + table + unknown + next
    return lines.joined(separator: "\n") + "\n"
  }

  var verdict: [String] {
    let title = out.bold(shown(recipe.name, limit: 60))
    guard diagnosis.verdict == .exploding else {
      let said =
        diagnosis.scope == .quick
        ? "no explosion in \(diagnosis.training.steps) steps; --quick looks no further"
        : "\(diagnosis.verdict.rawValue): it does not explode "
          + "(skill \(Text.number(diagnosis.training.skill)))"
      return ["\(title)  \(said)"]
    }
    guard let explosion = diagnosis.training.explosion else {
      return ["\(title)  \(out.red("✗ will explode")), by its curvature", ""]
    }
    return [
      "\(title)  \(out.red("✗ exploding")) at "
        + (engine?.step(explosion.step) ?? "step \(explosion.step)"),
      "  "
        + (engine?.sentence(explosion, in: recipe.numbers)
          ?? TrainPage.sentence(explosion, in: recipe.numbers)),
      "",
    ]
  }

  /// What a verdict that is not an explosion means.
  static func meaning(_ verdict: Verdict) -> String {
    switch verdict {
    case .vanishing: "in most steps no gradient reached the first layer"
    case .stalled: "the loss is no better than that of the best constant output"
    case .healthy: "it learns"
    case .exploding: "it explodes"
    }
  }

  private var reference: [String] { Self.reference(diagnosis.reference, diagnosis.findings) }

  /// Where not even everything reset trains, that comes first: what is left is not varied.
  static func reference(_ outcome: TrialOutcome?, _ findings: [Finding]) -> [String] {
    let what: String? =
      switch outcome {
      case .explodes: "it still explodes"
      case .doesNotLearn: "it still learns nothing"
      case nil where findings.isEmpty: ""
      default: nil
      }
    guard let what else { return [] }
    let head =
      what.isEmpty
      ? "no setting is far from what is usual"
      : "with every setting that is far from the usual put back, \(what)"
    return [
      "\(Style.yellow("!")) \(head): what is left is the data, the architecture, the length", "",
    ]
  }

  var findings: [String] {
    FindingLines(
      diagnosis.findings, of: line, by: engine, reference: diagnosis.reference
    ).lines
  }

  /// What a sickness that is not an explosion means, and where it comes from.
  private var sickness: [String] {
    guard diagnosis.scope == .full else { return [] }
    guard diagnosis.verdict != .healthy, diagnosis.verdict != .exploding else { return [] }
    return ["  " + Self.meaning(diagnosis.verdict), ""] + (engine?.caution ?? []) + reference
      + findings + ruledOut
      + table
      + (diagnosis.findings.isEmpty ? [] : unknown) + mended
  }

  /// What shows that it learns, and what cures it.
  private var mended: [String] {
    let commands = diagnosis.findings.flatMap(\.exhibits).compactMap { exhibit in
      FindingLines.healing(exhibit, of: line)
    }
    let seen = commands.first.map { "  \(FindingLines.wrapped($0, at: 2))  # see it learn" }
    return [out.dim("next")] + (seen.map { [$0] } ?? [])
      + ["  keel cure \(line)  # find the smallest change that works"]
  }

  var unknown: [String] {
    let what =
      diagnosis.scope == .quick
      ? "which of them it is: --quick is theory and forty steps, no experiment"
      : "whether they hold on other seeds and data"
    return [out.bold("not known") + "  " + what, ""]
  }

  var ruledOut: [String] {
    let looked = diagnosis.ruledOut.filter { $0.why != Diagnosis.RuledOut.undeviating }
    let rest = diagnosis.ruledOut.count - looked.count
    let others = looked.isEmpty && diagnosis.findings.isEmpty ? "all" : "the other"
    return diagnosis.ruledOut.isEmpty
      ? []
      : [out.bold("not at work")] + looked.map { "  \(Text.padded($0.cause, 20)) \($0.why)" }
        + (rest == 0 ? [] : ["  \(others) \(rest) causes: nothing deviates from the reference"]) + [
          ""
        ]
  }

  private var table: [String] {
    guard let rows = diagnosis.truthTable, !rows.isEmpty else { return [] }
    return [out.bold("experiments") + "  (the factors named stay, the others are reset)"]
      + rows.map { row in
        let kept = row.kept.isEmpty ? "none: the reference" : row.kept.joined(separator: " + ")
        return
          "  \(Text.padded(row.outcome.rawValue, 15)) \(Text.right(Text.count(row.steps), 6)) steps  "
          + kept
      } + [""]
  }

  var next: [String] {
    let proof =
      diagnosis.scope == .quick
      ? ["  keel diagnose \(line)  # find out which, by experiment"] : []
    return [out.dim("next")] + proof
      + ["  keel cure \(line)  # find the smallest change that works"]
  }
}
