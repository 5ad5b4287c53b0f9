import KeelArchive
import KeelAuthoring

/// Which runs were forgotten, and what the archive takes now.
package struct ForgottenPage: Page {
  private let runs: [ArchivedRun]
  private let bytes: Int
  private let wanted: Int?
  private let isDryRun: Bool

  /// - Parameters:
  ///   - bytes: what the archive takes now.
  ///   - wanted: what it was to take at the most.
  ///   - isDryRun: whether they are still there.
  package init(
    _ runs: [ArchivedRun], left bytes: Int, wanted: Int? = nil, isDryRun: Bool = false
  ) {
    (self.runs, self.bytes, self.wanted, self.isDryRun) = (runs, bytes, wanted, isDryRun)
  }

  /// The same for machines.
  package struct Body: Encodable {
    let deleted: [String]
    /// Nothing was deleted: it was only asked what would be.
    let dryRun: Bool
    let bytes: Int
    /// Bytes that were asked for at the most.
    let wanted: Int?
  }

  package var body: Body {
    Body(deleted: runs.map(\.id), dryRun: isDryRun, bytes: bytes, wanted: wanted)
  }

  /// Whether the archive takes more than was asked for.
  private var isTooLarge: Bool { !isDryRun && wanted.map { bytes > $0 } ?? false }

  /// Runs that are named at the most.
  private static let most = 20

  package var text: String {
    let count = runs.count == 1 ? "1 run" : "\(Text.count(runs.count)) runs"
    var lines = [
      "\(count) \(isDryRun ? "would be " : "")forgotten; the archive takes "
        + "\(Text.count(bytes / 1000)) kB"
    ]
    lines += runs.prefix(Self.most).map { run in
      "  \(run.id.prefix(8))  \(Text.padded(run.kind.rawValue, 10))\(shown(run.name, limit: 60))"
    }
    if runs.count > Self.most { lines.append("  … and \(Text.count(runs.count - Self.most)) more") }
    if isTooLarge { lines.append("that is more than was asked: empty tables, or runs that go on") }
    return lines.joined(separator: "\n") + "\n"
  }
}
