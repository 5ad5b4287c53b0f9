import Foundation
import KeelAuthoring

/// Findings as lines: the cause, whether it is enough alone, what was measured, and the command
/// that shows it again.
struct FindingLines {
  private let findings: [Finding]
  private var out: Style.Type { Style.self }

  private let line: String
  /// What was experimented on, and what it does where nothing is wrong with it.
  private let noun, verb: String
  private let didNotHelp: Bool

  /// - Parameters:
  ///   - line: the recipe as it stood on the command line.
  ///   - engine: who trains it, where that is not Keel: it has no recipe.
  ///   - reference: what became of it with everything put back that is far from the usual.
  init(
    _ findings: [Finding], of line: String, by engine: EngineNote?, reference: TrialOutcome?
  ) {
    didNotHelp = reference == .explodes || reference == .doesNotLearn
    (self.findings, self.line) = (findings, line)
    (noun, verb) = engine == nil ? ("recipe", "trains") : ("training", "learns")
  }

  var lines: [String] {
    guard !findings.isEmpty else {
      return ["\(out.bold("cause"))   none of those Keel knows was shown to be at work", ""]
    }
    return findings.flatMap { finding in
      let percent = Int((finding.confidence * 100).rounded())
      let place = finding.place.map { ", \($0)" } ?? ""
      let term = finding.kind == .cause ? [] : [finding.kind.rawValue]
      let right = finding.kind == .suspect ? [] : ["right \(percent) times in 100"]
      return [
        "\(out.bold("cause"))   \(finding.cause)\(place)",
        "        \(proof(finding)) "
          + out.dim("(\((term + right).joined(separator: "; ")))"),
      ] + finding.exhibits.flatMap(exhibit)
    } + [""]
  }

  /// What the experiments have shown, in words that need no guide.
  private func proof(_ finding: Finding) -> String {
    let others = finding.partners?.formatted(.list(type: .and).locale(Locale(identifier: "en_GB")))
    switch finding.kind {
    case .cause:
      return
        "without it the \(noun) \(verb)\(Self.isLonger(finding) ? ", given more epochs" : ""); "
        + "it alone makes a sound \(noun) sick"
    case .contributing:
      return others.map { "the \(noun) \(verb) only once this and \($0) are mended together" }
        ?? "without it the \(noun) \(verb), but alone in a sound \(noun) it does no harm"
    case .overdetermined:
      return
        "enough by itself to spoil a sound \(noun), and not the only one: mend it together with "
        + (others ?? "the others named here")
    case .joint: return "harmful only together with the others named here: mend any one of them"
    case .suspect:
      return didNotHelp
        ? "far from what is usual; put back, with all else that is, it did not help"
        : "far from what is usual; no experiment has decided whether it matters"
    }
  }

  /// Whether the experiment that shows it took longer than the recipe has.
  private static func isLonger(_ finding: Finding) -> Bool {
    finding.exhibits.contains { exhibit in
      guard case .training(let changes) = exhibit.reproduction else { return false }
      return changes.contains { $0.path == "training.epochs" }
    }
  }

  private func exhibit(_ exhibit: Exhibit) -> [String] {
    // Of words there is no number.
    let numbers =
      exhibit.measured.isNaN && exhibit.expected.isNaN
      ? ""
      : " \(Text.number(exhibit.measured)), in a sound one \(Text.number(exhibit.expected))"
    let fact = "        \(exhibit.quantity)\(numbers)"
    guard let command = Self.healing(exhibit, of: line) else { return [fact] }
    return [fact + " — see for yourself:", "        " + out.dim(Self.wrapped(command, at: 8))]
  }

  /// The command that trains the recipe with other settings; nil for what is measured otherwise.
  static func healing(_ exhibit: Exhibit, of line: String) -> String? {
    guard case .training(let changes)? = exhibit.reproduction, !changes.isEmpty else { return nil }
    return exhibit.reproduction?.command(line)
  }

  /// A command that is longer than a line, with a change a line.
  static func wrapped(_ command: String, at indent: Int) -> String {
    let margin = String(repeating: " ", count: indent + 2)
    return command.count + indent <= Text.width
      ? command : command.replacingOccurrences(of: " --set ", with: " \\\n\(margin)--set ")
  }
}
