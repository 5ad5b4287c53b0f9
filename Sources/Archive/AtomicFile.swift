import Foundation
import KeelEngine

/// Writes whole files: either the new one is there, on disk, or the old one still is.
public enum AtomicFile {
  /// Writes beside the target, waits for the disk, renames, waits for the folder.
  /// - Throws: `KeelError` of kind `.unwritable`; the old file is untouched then.
  public static func write(_ data: Data, to path: String) throws {
    try check(path)
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    let folder = target.deletingLastPathComponent().path
    let temporary = "\(folder)/.keel-\(UUID().uuidString)"
    guard writeSynced(data, to: temporary), rename(temporary, target.path) == 0 else {
      let error = failure(path)
      unlink(temporary)
      throw error
    }
    sync(folder: folder)
  }

  /// Checks, before hours of work, that a file could be written there.
  /// - Throws: `KeelError` of kind `.unwritable`.
  public static func check(_ path: String) throws {
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    let folder = target.deletingLastPathComponent().path
    guard type(of: folder) == S_IFDIR else {
      throw KeelError(
        .unwritable, at: path, "the folder \(folder) is not there",
        fix: "create it, or name another")
    }
    switch type(of: target.path) {
    case nil, S_IFREG: break
    case S_IFDIR: throw KeelError(.unwritable, at: path, "is a folder", fix: "name a file in it")
    // A rename would put a file in the place of the device or the pipe.
    default: throw KeelError(.unwritable, at: path, "is not a file", fix: "name another")
    }
    guard access(folder, W_OK) == 0 else { throw failure(path) }
  }

  /// Whether it is a file, a folder or something else; nil where nothing is.
  private static func type(of path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  /// - Returns: whether all is on disk; if not, `errno` says why.
  private static func writeSynced(_ data: Data, to path: String) -> Bool {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
    guard file >= 0 else { return false }
    let isWritten = data.withUnsafeBytes { writeAll($0, to: file) } && fsync(file) == 0
    let reason = errno
    close(file)
    errno = reason
    return isWritten
  }

  /// Writes to an open file, however many calls it takes.
  /// - Returns: whether all was written; if not, `errno` says why.
  public static func writeAll(_ bytes: UnsafeRawBufferPointer, to file: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Foundation.write(
        file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  private static func sync(folder: String) {
    let file = open(folder, O_RDONLY)
    guard file >= 0 else { return }
    fsync(file)
    close(file)
  }

  /// The system's last error, in its words.
  private static func failure(_ path: String) -> KeelError {
    KeelError(
      .unwritable, at: path, "cannot be written (\(String(cString: strerror(errno))))",
      fix: "make room, or choose a place that can be written")
  }
}
