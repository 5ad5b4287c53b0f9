import KeelAuthoring

/// A result for machines: every exhibit of its findings with the command that measures it again.
package struct Reproducible<Result: Encodable>: Encodable {
  let result: Result
  let findings: [Finding]
  /// The recipe as it stood on the command line.
  let line: String

  private enum CodingKeys: CodingKey { case findings }

  package func encode(to encoder: any Encoder) throws {
    try result.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(findings.map { Cause(finding: $0, line: line) }, forKey: .findings)
  }

  private struct Cause: Encodable {
    let finding: Finding
    let line: String

    enum CodingKeys: CodingKey { case exhibits }

    func encode(to encoder: any Encoder) throws {
      try finding.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(
        finding.exhibits.map { Fact(exhibit: $0, line: line) }, forKey: .exhibits)
    }
  }

  private struct Fact: Encodable {
    let exhibit: Exhibit
    let line: String

    enum CodingKeys: CodingKey { case quantity, measured, expected, layer, step, command }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(exhibit.quantity, forKey: .quantity)
      try container.encode(exhibit.measured, forKey: .measured)
      try container.encode(exhibit.expected, forKey: .expected)
      try container.encode(exhibit.layer, forKey: .layer)
      try container.encode(exhibit.step, forKey: .step)
      try container.encode(exhibit.reproduction?.command(line), forKey: .command)
    }
  }
}

extension Exhibit.Reproduction {
  /// The command that measures it again.
  /// - Parameter line: the recipe as it stood on the command line.
  func command(_ line: String) -> String {
    switch self {
    case .forecast: "keel forecast \(line)"
    case .diagnosis: "keel diagnose \(line)"
    case .training(changes: []): "keel train \(line) --json"
    case .training(let changes):
      (["keel train \(line)"] + changes.map(Self.setting)).joined(separator: " ")
    }
  }

  private static func setting(_ change: Change) -> String {
    "--set '\(change.path)=\(change.to?.brief().line ?? "none")'"
  }
}
