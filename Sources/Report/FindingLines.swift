import Foundation
import Keel

/// Findings as lines: the cause, whether it is enough alone, what was measured, and the command
/// that shows it again.
struct FindingLines {
  private let findings: [Finding]
  private var out: Style.Type { Style.self }

  private let line: String

  /// - Parameter line: the recipe as it stood on the command line.
  init(_ findings: [Finding], of line: String) { (self.findings, self.line) = (findings, line) }

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
    let fact =
      "        \(exhibit.quantity) \(Text.number(exhibit.measured)), "
      + "reference \(Text.number(exhibit.expected))"
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
