import Foundation
import KeelEngine

/// Writes whole files: either the new one is there, on disk, or the old one still is.
package enum AtomicFile {
  /// Writes beside the target, waits for the disk, renames, waits for the folder.
  /// - Throws: `KeelError` of kind `.unwritable`; the old file is untouched then, or, where only
  ///   the folder could not be brought to disk, the whole new one is there until a power cut.
  package static func write(_ data: Data, to path: String) throws {
    try check(path)
    let target = FileTarget(path)
    let temporary = target.neighbour("")
    let file = try lock(temporary, for: path)
    defer { close(file) }
    // A file keeps the rights that somebody gave it; a new one has those of any other.
    let isReady = fchmod(file, target.mode ?? 0o666 & ~mask) == 0
    guard isReady, writeSynced(data, to: file), rename(temporary, target.path) == 0 else {
      let error = failure(path)
      unlink(temporary)
      throw error
    }
    guard sync(folder: target.folder) else { throw failure(path) }
  }

  /// What new files of this process may not be: only setting it tells.
  private static var mask: mode_t {
    let mask = umask(0o077)
    umask(mask)
    return mask
  }

  /// Opens a file that nobody else writes to; a lock goes with its process, however that ends.
  static func lock(_ temporary: String, for path: String) throws -> Int32 {
    while true {
      let file = open(temporary, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard file >= 0 else { throw failure(path) }
      guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
        close(file)
        throw KeelError(
          .unwritable, at: path, "is being written by another process",
          fix: "wait for that, or write to another file")
      }
      // Whoever held it may have renamed it since: then it is the target by now.
      var (own, named) = (stat(), stat())
      if fstat(file, &own) == 0, stat(temporary, &named) == 0, own.st_ino == named.st_ino {
        return file
      }
      close(file)
    }
  }

  /// Checks, before hours of work, that a file could be written there.
  /// - Throws: `KeelError` of kind `.unwritable`.
  package static func check(_ path: String) throws {
    let target = FileTarget(path)
    let folder = target.folder
    guard try type(of: folder, for: path) == S_IFDIR else {
      throw KeelError(
        .unwritable, at: path, "the folder \(folder) is not there",
        fix: "create it, or name another")
    }
    // A link of the system's own (/dev/stdout) leads to what has no path.
    for place in [path, target.path] {
      switch try type(of: place, for: path) {
      case nil, S_IFREG: break
      case S_IFDIR: throw KeelError(.unwritable, at: path, "is a folder", fix: "name a file in it")
      // A rename would put a file in the place of the device or the pipe.
      default: throw KeelError(.unwritable, at: path, "is not a file", fix: "name another")
      }
    }
    guard access(folder, W_OK) == 0 else { throw failure(path) }
  }

  /// Whether it is a file, a folder or something else; nil where nothing is.
  /// - Throws: where nothing can be: a name that is too long, links that lead in a circle.
  private static func type(of place: String, for path: String) throws -> mode_t? {
    var status = stat()
    if stat(place, &status) == 0 { return status.st_mode & S_IFMT }
    guard errno == ENOENT || errno == ENOTDIR else { throw failure(path) }
    return nil
  }

  /// - Returns: whether all is on disk; if not, `errno` says why.
  private static func writeSynced(_ data: Data, to file: Int32) -> Bool {
    ftruncate(file, 0) == 0 && data.withUnsafeBytes { writeAll($0, to: file) } && fsync(file) == 0
  }

  /// Writes to an open file, however many calls it takes.
  /// - Returns: whether all was written; if not, `errno` says why.
  package static func writeAll(_ bytes: UnsafeRawBufferPointer, to file: Int32) -> Bool {
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

  /// - Returns: false where the disk failed; not every file system can, nor has to, be asked.
  private static func sync(folder: String) -> Bool {
    let file = open(folder, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return true }
    defer { close(file) }
    return fsync(file) == 0 || errno == EINVAL || errno == ENOTSUP
  }

  /// The system's last error, in its words.
  private static func failure(_ path: String) -> KeelError {
    KeelError(
      .unwritable, at: path, "cannot be written (\(String(cString: strerror(errno))))",
      fix: "make room, or choose a place that can be written")
  }
}
