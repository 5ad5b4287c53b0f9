/// A framework whose users train elsewhere, and paste what a remedy comes to there.
public enum ExportTarget: String, CaseIterable, Sendable {
  case pytorch, keras
}

extension ExportTarget {
  /// One call: `torch.optim.SGD(model.parameters(), lr=0.1)`.
  package static func call(_ function: String, _ arguments: [String]) -> String {
    "\(function)(\(arguments.joined(separator: ", ")))"
  }

  /// A statement, its arguments on a line of their own where it is longer than a terminal is wide.
  static func broken(_ statement: String) -> [String] {
    let parts = statement.split(separator: "(", maxSplits: 1)
    return statement.count <= 80 || parts.count == 1
      ? [statement] : ["\(parts[0])(", "    \(parts[1])"]
  }
}
