import Foundation
import KeelArchive

/// An output stream: colours only where a person looks on.
struct Terminal: Sendable {
  private let file: Int32
  /// Whether a person looks on.
  let isInteractive: Bool

  static let output = Terminal(STDOUT_FILENO)
  static let error = Terminal(STDERR_FILENO)

  private init(_ file: Int32) {
    self.file = file
    let environment = ProcessInfo.processInfo.environment
    isInteractive =
      isatty(file) == 1 && environment["NO_COLOR"] == nil && environment["TERM"] != "dumb"
  }

  /// Writes all of it; a page that cannot be written is an error of the command (74).
  func write(_ text: String) {
    let isWritten = Array(text.utf8).withUnsafeBytes { AtomicFile.writeAll($0, to: file) }
    guard !isWritten, file == STDOUT_FILENO else { return }
    let reason = String(cString: strerror(errno))
    Terminal.error.write("error: standard output: cannot be written (\(reason)); make room\n")
    exit(74)
  }

  func red(_ text: String) -> String { colored(text, "31;1") }
  func green(_ text: String) -> String { colored(text, "32;1") }
  func yellow(_ text: String) -> String { colored(text, "33;1") }
  func bold(_ text: String) -> String { colored(text, "1") }
  func dim(_ text: String) -> String { colored(text, "2") }

  private func colored(_ text: String, _ code: String) -> String {
    isInteractive ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}

/// One line on standard error that is written over, at most ten times a second.
final class ProgressBar: @unchecked Sendable {
  private let isShown: Bool
  private let lock = NSLock()
  private var last = ContinuousClock.now - .seconds(1)

  /// - Parameter isWanted: false for `--quiet` and `--json`.
  init(isWanted: Bool) { isShown = isWanted && Terminal.error.isInteractive }

  func show(_ label: String, _ done: Int, of total: Int, _ detail: @autoclosure () -> String) {
    guard isShown else { return }
    lock.lock()
    defer { lock.unlock() }
    let now = ContinuousClock.now
    guard now - last > .milliseconds(100) else { return }
    last = now
    let width = 30
    let filled = total == 0 ? 0 : min(width, done * width / total)
    let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: width - filled)
    Terminal.error.write("\r\u{1B}[K\(label) \(bar) \(done)/\(total)  \(detail())")
  }

  func clear() {
    if isShown { Terminal.error.write("\r\u{1B}[K") }
  }
}
