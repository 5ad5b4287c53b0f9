import CProcesses
import Foundation
import KeelAuthoring
import Synchronization

/// Runs work that Ctrl-C, a scheduler's SIGTERM, or the end of a terminal (SIGHUP) cancels at its
/// next step; a second one ends the process at once.
///
/// Who has the end of the terminal ignored (`nohup`) is not stopped by it.
func interruptible<Result: Sendable>(
  _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  let numbers = [SIGINT, SIGTERM] + (keel_ignores(SIGHUP) != 0 ? [] : [SIGHUP])
  // Noted before the work begins: a source of signals hears them only once a thread of its own has
  // come to that, and on a busy machine Ctrl-C is lost until then.
  let notes = keel_note_signals(numbers, Int32(numbers.count))
  guard notes >= 0 else {
    throw KeelError(
      .exhausted, at: "keel", "the system gave no pipe (\(String(cString: strerror(errno))))",
      fix: "close other programs, or raise `ulimit -n`")
  }
  let task = Task { try await work() }
  // Some senders deliver one wish twice, to the process and to its group: only what comes half a
  // second later is a second wish.
  let first = Mutex<ContinuousClock.Instant?>(nil)
  let source = DispatchSource.makeReadSource(fileDescriptor: notes, queue: .global())
  source.setEventHandler {
    var note: UInt8 = 0
    guard read(notes, &note, 1) == 1 else { return }
    let isSecond = first.withLock { first in
      defer { first = first ?? .now }
      return first.map { ContinuousClock.now - $0 > .milliseconds(500) } ?? false
    }
    if isSecond { _exit(130) }
    task.cancel()
  }
  source.resume()
  defer {
    keel_restore_signals(numbers, Int32(numbers.count))
    source.cancel()
  }
  return try await task.value
}
