import Foundation
import Synchronization

/// Runs work that Ctrl-C, a scheduler's SIGTERM, or the end of a terminal (SIGHUP) cancels at its
/// next step; a second one ends the process at once.
///
/// Who has the end of the terminal ignored (`nohup`) is not stopped by it.
func interruptible<Result: Sendable>(
  _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  let task = Task { try await work() }
  let numbers = [SIGINT, SIGTERM] + (isIgnored(SIGHUP) ? [] : [SIGHUP])
  let sources = numbers.map { number in
    signal(number, SIG_IGN)
    return DispatchSource.makeSignalSource(signal: number, queue: .global())
  }
  // Some senders deliver one wish twice, to the process and to its group: only what comes half a
  // second later is a second wish.
  let first = Mutex<ContinuousClock.Instant?>(nil)
  let stop: @Sendable () -> Void = {
    let isSecond = first.withLock { first in
      defer { first = first ?? .now }
      return first.map { ContinuousClock.now - $0 > .milliseconds(500) } ?? false
    }
    if isSecond { _exit(130) }
    task.cancel()
  }
  for source in sources {
    source.setEventHandler(handler: stop)
    source.resume()
  }
  defer {
    for source in sources { source.cancel() }
    for number in numbers { signal(number, SIG_DFL) }
  }
  return try await task.value
}

private func isIgnored(_ number: Int32) -> Bool {
  let before = signal(number, SIG_IGN)
  signal(number, before)
  return unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
}
