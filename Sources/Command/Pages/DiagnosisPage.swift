import Foundation
import Keel

/// What a person reads after a diagnosis: the verdict, the causes with their proof, what was ruled
/// out, and what to type next.
struct DiagnosisPage {
  let diagnosis: Diagnosis
  let name: String
  let line: String

  private var out: Terminal { .output }

  /// The same for machines.
  struct Body: Encodable {
    let recipe: Recipe
    let diagnosis: Diagnosis

    enum CodingKeys: CodingKey { case recipe }

    func encode(to encoder: any Encoder) throws {
      try diagnosis.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(recipe, forKey: .recipe)
    }
  }

  var text: String {
    let title = out.bold(shown(name, limit: 60))
    guard diagnosis.verdict == .exploding else {
      let said =
        diagnosis.scope == .quick
        ? "no explosion in \(diagnosis.training.steps) steps; --quick looks no further"
        : "\(diagnosis.verdict.rawValue): it does not explode "
          + "(skill \(Text.number(diagnosis.training.skill)))"
      return (["\(title)  \(said)"] + sickness).joined(separator: "\n") + "\n"
    }
    let head =
      diagnosis.training.explosion.map {
        [
          "\(title)  \(out.red("✗ exploding")) at step \($0.step)", "  \(TrainPage.sentence($0))",
          "",
        ]
      } ?? ["\(title)  \(out.red("✗ will explode")), by its curvature", ""]
    let lines = head + FindingLines(diagnosis.findings).lines + ruledOut + table + unknown + next
    return lines.joined(separator: "\n") + "\n"
  }

  /// What a sickness that is not an explosion means, and where it comes from.
  private var sickness: [String] {
    guard diagnosis.scope == .full else { return [] }
    let meaning: String
    switch diagnosis.verdict {
    case .vanishing: meaning = "in most steps no gradient reached the first layer"
    case .stalled: meaning = "the loss is no better than that of the best constant output"
    case .healthy, .exploding: return []
    }
    return ["  " + meaning, ""] + FindingLines(diagnosis.findings).lines + ruledOut + table
      + (diagnosis.findings.isEmpty ? [] : unknown) + mended
  }

  /// What shows that it learns: nothing is cured that does not explode.
  private var mended: [String] {
    let commands = diagnosis.findings.flatMap(\.exhibits).compactMap(\.command)
    guard
      let command = commands.first(where: { $0.hasPrefix("keel train") && $0.contains("--set") })
    else { return [] }
    return [out.dim("next"), "  \(FindingLines.wrapped(command, at: 2))    see it learn"]
  }

  private var unknown: [String] {
    let what =
      diagnosis.scope == .quick
      ? "which of them it is: --quick is theory and forty steps, no experiment"
      : "whether they hold on other seeds and data; the percentages are those of made faults"
    return [out.bold("not known") + "  " + what, ""]
  }

  private var ruledOut: [String] {
    diagnosis.ruledOut.isEmpty
      ? []
      : [out.bold("not at work")]
        + diagnosis.ruledOut.map { "  \(Text.padded($0.cause, 20)) \($0.why)" } + [""]
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

  private var next: [String] {
    let proof =
      diagnosis.scope == .quick
      ? ["  keel diagnose \(line)    find out which, by experiment"] : []
    return [out.dim("next")] + proof
      + ["  keel cure \(line)    find the smallest change that works"]
  }
}

/// Findings as lines: the cause, whether it is enough alone, what was measured, and the command
/// that shows it again.
struct FindingLines {
  private let findings: [Finding]
  private var out: Terminal { .output }

  init(_ findings: [Finding]) { self.findings = findings }

  var lines: [String] {
    guard !findings.isEmpty else {
      return ["\(out.bold("cause"))   none of those Keel knows was shown to be at work", ""]
    }
    return findings.flatMap { finding in
      let percent = Int((finding.confidence * 100).rounded())
      let place = finding.place.map { ", \($0)" } ?? ""
      return [
        "\(out.bold("cause"))   \(finding.cause)\(place)  (\(finding.kind.rawValue), \(percent) %)",
        "        \(Self.proof(finding.kind))",
      ] + finding.exhibits.flatMap(exhibit)
    } + [""]
  }

  private static func proof(_ kind: Finding.Kind) -> String {
    switch kind {
    case .cause: "enough alone: resetting it heals, and with it alone a sound recipe is sick"
    case .contributing: "resetting it heals, but with it alone a sound recipe is well"
    case .overdetermined: "enough alone, but not the only fault: resetting it alone does not heal"
    case .joint: "only together with the others named here: mending one is enough"
    case .suspect: "it deviates, but no experiment has decided"
    }
  }

  private func exhibit(_ exhibit: Exhibit) -> [String] {
    let line =
      "        \(exhibit.quantity) \(Text.number(exhibit.measured)), "
      + "reference \(Text.number(exhibit.expected))"
    guard let command = exhibit.command, command.contains(" --set ") else { return [line] }
    return [line + " — see for yourself:", "        " + out.dim(Self.wrapped(command, at: 8))]
  }

  /// A command that is longer than a line, with a change a line.
  static func wrapped(_ command: String, at indent: Int) -> String {
    let margin = String(repeating: " ", count: indent + 2)
    return command.count + indent <= Text.width
      ? command : command.replacingOccurrences(of: " --set ", with: " \\\n\(margin)--set ")
  }
}
