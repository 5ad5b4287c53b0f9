import Keel
import KeelArchive

/// Which runs were forgotten, and what the archive takes now.
package struct ForgottenPage: Page {
  private let runs: [ArchivedRun]
  private let bytes: Int

  /// - Parameter bytes: what the archive takes now.
  package init(_ runs: [ArchivedRun], left bytes: Int) { (self.runs, self.bytes) = (runs, bytes) }

  /// The same for machines.
  package struct Body: Encodable {
    let deleted: [String]
    let bytes: Int
  }

  package var body: Body { Body(deleted: runs.map(\.id), bytes: bytes) }

  package var text: String {
    let count = runs.count == 1 ? "1 run" : "\(Text.count(runs.count)) runs"
    return "\(count) forgotten; the archive takes \(Text.count(bytes / 1000)) kB\n"
  }
}

/// How many runs were taken over from another archive.
package struct MergedPage: Page {
  private let count: Int
  private let path: String

  package init(_ count: Int, into path: String) { (self.count, self.path) = (count, path) }

  /// The same for machines.
  package struct Body: Encodable {
    let merged: Int
  }

  package var body: Body { Body(merged: count) }

  package var text: String {
    "\(Text.count(count)) \(count == 1 ? "run" : "runs") taken over into \(shown(path, limit: 200))\n"
  }
}
