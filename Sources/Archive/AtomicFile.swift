import Foundation
import KeelEngine

/// Writes whole files: either the new one is there, on disk, or the old one still is.
public enum AtomicFile {
  /// Writes beside the target, waits for the disk, renames, waits for the folder.
  /// - Throws: `KeelError` of kind `.unwritable`; the old file is untouched then.
  public static func write(_ data: Data, to path: String) throws {
    let target = URL(fileURLWithPath: path)
    let folder = target.deletingLastPathComponent().path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
    else {
      throw KeelError(
        .unwritable, at: path, "the folder \(folder) is not there",
        fix: "create it, or name another")
    }
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw KeelError(.unwritable, at: path, "is a folder", fix: "name a file in it")
    }
    let temporary = "\(folder)/.\(target.lastPathComponent).\(UUID().uuidString)"
    do {
      try writeSynced(data, to: temporary)
      guard rename(temporary, target.path) == 0 else { throw failure(path) }
    } catch {
      unlink(temporary)
      throw (error as? KeelError) ?? failure(path)
    }
    sync(folder: folder)
  }

  /// Checks, before hours of work, that a file could be written there.
  public static func checkFolder(of path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
    else {
      throw KeelError(
        .unwritable, at: path, "the folder \(folder) is not there",
        fix: "create it, or name another")
    }
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw KeelError(.unwritable, at: path, "is a folder", fix: "name a file in it")
    }
  }

  private static func writeSynced(_ data: Data, to path: String) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
    guard file >= 0 else { throw failure(path) }
    defer { close(file) }
    try data.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Foundation.write(
          file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw failure(path) }
        rest = rest.dropFirst(count)
      }
    }
    guard fsync(file) == 0 else { throw failure(path) }
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
