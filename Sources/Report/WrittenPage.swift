import KeelAuthoring
import KeelArchive

/// Where a report was written.
package struct WrittenPage: Page {
  private let path: String
  private let bytes: Int
  private let run: ArchivedRun

  package init(_ path: String, bytes: Int, of run: ArchivedRun) {
    (self.path, self.bytes, self.run) = (path, bytes, run)
  }

  /// The same for machines.
  package struct Body: Encodable {
    let report: String
    let bytes: Int
    let run: String
  }

  package var body: Body { Body(report: path, bytes: bytes, run: run.id) }

  package var text: String {
    "\(shown(path, limit: 200)) is written: \(shown(run.name, limit: 60)), \(run.standing); "
      + "open it in a browser\n"
  }
}
