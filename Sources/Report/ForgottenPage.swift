import KeelArchive

/// Which runs were forgotten, and what the archive takes now.
package struct ForgottenPage: Page {
  private let runs: [ArchivedRun]
  private let bytes: Int
  private let wanted: Int?

  /// - Parameters:
  ///   - bytes: what the archive takes now.
  ///   - wanted: what it was to take at the most.
  package init(_ runs: [ArchivedRun], left bytes: Int, wanted: Int? = nil) {
    (self.runs, self.bytes, self.wanted) = (runs, bytes, wanted)
  }

  /// The same for machines.
  package struct Body: Encodable {
    let deleted: [String]
    let bytes: Int
  }

  package var body: Body { Body(deleted: runs.map(\.id), bytes: bytes) }

  package var text: String {
    let count = runs.count == 1 ? "1 run" : "\(Text.count(runs.count)) runs"
    let rest = wanted.map { bytes > $0 } ?? false
    return "\(count) forgotten; the archive takes \(Text.count(bytes / 1000)) kB\n"
      + (rest ? "that is more than was asked: empty tables, or runs that go on\n" : "")
  }
}
