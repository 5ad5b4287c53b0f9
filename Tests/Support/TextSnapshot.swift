import Foundation

/// A checked-in text that people see, held against what is printed now.
///
/// `KEEL_RECORD=1` writes it anew; what changed is then for the reader of the commit to judge.
public struct TextSnapshot {
  private let file: URL

  /// - Parameters:
  ///   - name: the file, relative to the folder of the test.
  ///   - test: the test's own file.
  public init(_ name: String, beside test: String = #filePath) {
    file = URL(fileURLWithPath: test).deletingLastPathComponent().appendingPathComponent(name)
  }

  /// The first line that differs, in words; nil where text and file are the same.
  /// - Throws: where the file cannot be read, or written.
  public func difference(from text: String) throws -> String? {
    if ProcessInfo.processInfo.environment["KEEL_RECORD"] == "1" {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
      return nil
    }
    let expected = try String(contentsOf: file, encoding: .utf8)
    guard text != expected else { return nil }
    let new = text.split(separator: "\n", omittingEmptySubsequences: false)
    let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let line = zip(new, old).prefix { $0 == $1 }.count
    return """
      \(file.lastPathComponent), line \(line + 1):
      - \(line < old.count ? old[line] : "(nothing)")
      + \(line < new.count ? new[line] : "(nothing)")
      KEEL_RECORD=1 writes it anew
      """
  }
}
