import KeelAuthoring

/// How many runs were taken over from another archive.
package struct MergedPage: Page {
  private let count: Int
  private let path: String
  private let unread: Int

  /// - Parameter unread: rows there that could not be read.
  package init(_ count: Int, into path: String, unread: Int = 0) {
    (self.count, self.path, self.unread) = (count, path, unread)
  }

  /// The same for machines.
  package struct Body: Encodable {
    let merged: Int
    let unread: Int
  }

  package var body: Body { Body(merged: count, unread: unread) }

  package var text: String {
    let left =
      unread == 0
      ? ""
      : "left out: \(Text.count(unread)) \(unread == 1 ? "row" : "rows") that cannot be read\n"
    return "\(Text.count(count)) \(count == 1 ? "run" : "runs") taken over into "
      + "\(shown(path, limit: 200))\n" + left
  }
}
