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
    /// When each was last written, as far as it has been taken.
    var taken: [String: Date] = [:]
    /// Held while this process is the one that takes them.
    var lock: Int32 = -1
  }

  /// Whether there is one beside the file of an archive.
  public static func isThere(beside archive: String) -> Bool {
    FileManager.default.fileExists(atPath: path(beside: archive))
  }

  private static func path(beside archive: String) -> String {
    URL(fileURLWithPath: archive).deletingLastPathComponent().appendingPathComponent("live").path
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
  /// - Throws: `KeelError` where the archive cannot be written.
  public func take(all: Bool = false) throws {
    try state.withLock { state in
      guard isMine(&state) else { return }
      for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      where name.hasSuffix(".jsonl") {
        let path = "\(folder)/\(name)"
        guard let written = LiveFile.written(path), state.taken[name] != written else { continue }
        if state.taken[name] == nil, try isKnown(path, written) {
          state.taken[name] = written
          continue
        }
        guard var file = state.files[name] ?? LiveFile(path) else { continue }
        var isMore = true
        repeat { isMore = try file.goOn(into: history) } while all && isMore
        state.files[name] = file
        if !isMore { state.taken[name] = written }
      }
    }
  }

  /// Removes the file of a run that is forgotten: it would be taken again.
  static func forget(_ run: ArchivedRun, beside archive: String) {
    guard run.isLogged, run.problem.hasPrefix(path(beside: archive) + "/"),
      LiveFile.id(of: run.problem) == run.id
    else { return }
    try? FileManager.default.removeItem(atPath: run.problem)
  }

  /// Whether an earlier process has taken all of it.
  private func isKnown(_ path: String, _ written: Date) throws -> Bool {
    guard let run = try history.runIfThere(LiveFile.id(of: path)) else { return false }
    return run.ended != nil && abs(run.seen - written.timeIntervalSince1970) < 1e-3
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
