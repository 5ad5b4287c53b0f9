/// A framework whose users train elsewhere, and paste what a remedy comes to there.
public enum ExportTarget: String, CaseIterable, Sendable {
  case pytorch, keras
}

extension ExportTarget {
  /// A truth value or a number as Python writes it.
  package static func python(_ value: Bool) -> String { value ? "True" : "False" }

  /// One call: `torch.optim.SGD(model.parameters(), lr=0.1)`.
  package static func call(_ function: String, _ arguments: [String]) -> String {
    "\(function)(\(arguments.joined(separator: ", ")))"
  }
}
