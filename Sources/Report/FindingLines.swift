import Foundation
import Keel

/// Findings as lines: the cause, whether it is enough alone, what was measured, and the command
/// that shows it again.
struct FindingLines {
  private let findings: [Finding]
  private var out: Style.Type { Style.self }

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
