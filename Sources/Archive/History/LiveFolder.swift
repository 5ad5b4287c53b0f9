import Foundation
import KeelAuthoring
import Synchronization

/// Trainings of other frameworks, which `keel.watch` writes down beside an archive, taken into it.
///
/// Of several processes that read one archive one takes them; the others see what it has written.
public final class LiveFolder: Sendable {
  private let history: History
  private let folder: String
  private let state = Mutex(State())

  private struct State {
    var files: [String: LiveFile] = [:]
    /// When each was last written, as far as it has been read.
    var read: [String: Date] = [:]
    /// Held while this process is the one that takes them.
    var lock: Int32 = -1
  }

  /// Whether there is one beside the file of an archive.
  public static func isThere(beside archive: String) -> Bool {
    FileManager.default.fileExists(atPath: path(beside: archive))
  }

  private static func path(beside archive: String) -> String {
    URL(fileURLWithPath: archive).deletingLastPathComponent().appendingPathComponent("live")
      .resolvingSymlinksInPath().path
  }

  /// - Parameter history: whose file's folder they lie in.
  public init(beside history: History) {
    self.history = history
    folder = Self.path(beside: history.path)
  }

  deinit {
    let lock = state.withLock { $0.lock }
    if lock >= 0 { close(lock) }
  }

  /// Writes what has been added to the files since into the archive.
  /// - Parameter all: whether it goes on until nothing is left; otherwise one portion of each file.
  /// - Throws: `KeelError` where one could not be taken, once the others were.
  public func take(all: Bool = false) throws {
    try state.withLock { state in
      guard isMine(&state) else { return }
      var failure: (any Error)?
      for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      where name.hasSuffix(".jsonl") {
        do {
          try take(name, all, &state)
        } catch {
          // Whatever was wrong, next time it is read from its beginning.
          state.files[name] = nil
          failure = failure ?? error
        }
      }
      if let failure { throw failure }
    }
  }

  private func take(_ name: String, _ all: Bool, _ state: inout State) throws {
    let path = "\(folder)/\(name)"
    guard let status = LiveFile.Status(path) else { return }
    if state.files[name]?.isSame(as: status) == false {
      (state.files[name], state.read[name]) = (nil, nil)
    }
    guard state.read[name] != status.written || state.files[name]?.isAlive == true,
      var file = state.files[name] ?? LiveFile(path)
    else { return }
    if state.read[name] == nil, try isKnown(file, status) {
      state.read[name] = status.written
      return
    }
    var isMore = true
    repeat { isMore = try file.read(into: history) } while all && isMore
    state.files[name] = file
    state.read[name] = isMore ? .distantPast : status.written
  }

  /// Whether an earlier process has read all of it.
  private func isKnown(_ file: LiveFile, _ status: LiveFile.Status) throws -> Bool {
    guard let run = try history.runIfThere(file.id) else { return false }
    return abs(run.seen - status.written.timeIntervalSince1970) < 1e-3
  }

  /// Removes the file of a run that is forgotten: it would be taken again.
  static func forget(_ run: ArchivedRun, beside archive: String) {
    let file = URL(fileURLWithPath: run.problem).resolvingSymlinksInPath().path
    guard run.isWatched, file.hasPrefix(path(beside: archive) + "/"),
      LiveFile(file)?.id == run.id
    else { return }
    try? FileManager.default.removeItem(atPath: file)
  }

  /// Whether there is a folder, and no other process takes what is in it.
  private func isMine(_ state: inout State) -> Bool {
    guard FileManager.default.fileExists(atPath: folder) else { return false }
    guard state.lock < 0 else { return true }
    let lock = open("\(folder)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard lock >= 0 else { return false }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      return false
    }
    state.lock = lock
    return true
  }
}
