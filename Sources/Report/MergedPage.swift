import Keel

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
