import Foundation
import KeelEngine

/// The bytes of a recipe: of a file, or of a pipe, which may be empty for as long as its writer
/// likes.
final class RecipeStream {
  private let path: String
  private let file: Int32

  /// A pipe that nobody says anything on for so long is worth a word.
  private static let patience: Int32 = 2000

  /// Whether a path names a file, and not a pipe or a terminal.
  static func isFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// - Throws: `KeelError` where there is nothing to read.
  init(_ path: String) throws {
    self.path = path
    // Without waiting for a writer; a C string ends at a NUL, and would name another file.
    file = path.utf8.contains(0) ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    var status = stat()
    guard file >= 0, fstat(file, &status) == 0 else {
      guard file < 0, errno != ENOENT, errno != ENOTDIR, !path.utf8.contains(0) else {
        throw KeelError(
          .missing, at: path, "is not there", fix: "check the name of the recipe file")
      }
      throw KeelError(
        .missing, at: path, "cannot be read", fix: "check the file's permissions")
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw KeelError(.invalid, at: path, "is a folder", fix: "name a recipe file in it")
    }
  }

  deinit { if file >= 0 { close(file) } }

  /// - Parameter waits: told once, where nothing has come for two seconds.
  func read(upTo limit: Int, _ waits: () -> Void) throws -> Data {
    var data = Data()
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var isPatient = true
    while data.count < limit {
      var waiting = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
      let ready = poll(&waiting, 1, isPatient && data.isEmpty ? Self.patience : -1)
      if ready == 0 {
        isPatient = false
        waits()
        continue
      }
      let count = Foundation.read(file, &chunk, min(chunk.count, limit - data.count))
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count >= 0 else {
        throw KeelError(
          .missing, at: path, "cannot be read (\(String(cString: strerror(errno))))",
          fix: "check the file's permissions")
      }
      if count == 0 { break }
      data.append(contentsOf: chunk[..<count])
    }
    return data
  }
}
