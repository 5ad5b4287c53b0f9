import Foundation
import KeelEngine

/// The right to write a file for as long as this lives: a run that keeps itself there has it from
/// its beginning to its end.
///
/// It goes with its process, however that ends.
package final class FileLock: Sendable {
  private let file: Int32
  private let path: String

  /// - Throws: `KeelError` of kind `.unwritable` where somebody else has it, or nothing can be
  ///   written there.
  package init(_ path: String) throws {
    try AtomicFile.check(path)
    self.path = FileTarget(path).neighbour(".lock")
    file = try AtomicFile.lock(self.path, for: path)
  }

  deinit {
    unlink(path)
    close(file)
  }
}
