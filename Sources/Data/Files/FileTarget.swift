import Foundation

/// The file that a path comes to, whether it is there or not: links are followed, one that leads to
/// nothing yet as well.
struct FileTarget {
  let path: String

  init(_ path: String) {
    var url = URL(fileURLWithPath: path)
    // As many as the system follows.
    for _ in 0..<40 {
      guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: url.path) else {
        break
      }
      url = URL(
        fileURLWithPath: next, relativeTo: url.deletingLastPathComponent().resolvingSymlinksInPath()
      )
    }
    let folder = url.absoluteURL.deletingLastPathComponent().resolvingSymlinksInPath()
    self.path = folder.appendingPathComponent(url.lastPathComponent).path
  }

  var folder: String { URL(fileURLWithPath: path).deletingLastPathComponent().path }

  /// The rights of the file there; nil where none is.
  var mode: mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
  }

  /// A file beside it, one of each kind for each target: what a killed process leaves behind, the
  /// next one writes over.
  func neighbour(_ kind: String) -> String {
    var name = Checksum()
    name.add(URL(fileURLWithPath: path).lastPathComponent)
    return "\(folder)/.keel-\(name.text)\(kind)"
  }
}
