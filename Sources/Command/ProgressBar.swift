import Foundation
import Keel

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
    let columns = Terminal.error.columns ?? 80
    let count = "\(done)/\(total)"
    let width = max(0, min(30, columns - label.count - count.count - 4))
    let filled = total == 0 ? 0 : min(width, done * width / total)
    let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: width - filled)
    let line = [label, bar, count, detail()].filter { !$0.isEmpty }.joined(separator: " ")
    draw(String(shown(line, limit: .max).prefix(columns - 1)))
  }

  /// What is being done while nothing can be counted yet.
  func say(_ text: String) {
    guard isShown else { return }
    lock.withLock { draw(String(text.prefix((Terminal.error.columns ?? 80) - 1))) }
  }

  private func draw(_ line: String) { Terminal.error.write(raw: "\r\u{1B}[K\(line)") }

  func clear() {
    if isShown { draw("") }
  }
}
