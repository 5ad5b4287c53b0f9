import Foundation
import Keel
import KeelReport
import Synchronization

/// What is being done, on standard error: in a window a few lines that are written over, ten times
/// a second at the most; elsewhere a line every ten seconds.
///
/// The cursor stays visible and stands behind the last line, so that whatever ends the process
/// leaves the window whole.
final class ProgressBar: Sendable {
  private let isWanted: Bool
  private let state = Mutex(State())

  private struct State {
    var view = TrainingView()
    /// Lines that stand in the window, the cursor on the last.
    var lines = 0
    var last = ContinuousClock.now - .seconds(1)
  }

  /// Between two pictures, in a window and elsewhere.
  private static let pause = (window: Duration.milliseconds(100), pipe: Duration.seconds(10))

  /// - Parameter isWanted: false for `--quiet` and `--json`.
  init(isWanted: Bool) {
    self.isWanted = isWanted
    // Elsewhere what is over sooner needs no line.
    if !Terminal.error.isWindow { state.withLock { $0.last = .now } }
  }

  /// Shows a training, step by step.
  func show(_ label: String, _ step: Step) {
    guard isWanted else { return }
    state.withLock { state in
      state.view.add(step)
      draw(&state) { state in
        Terminal.error.isWindow
          ? state.view.lines(
            label, width: columns - 1, isUnicode: Terminal.isUnicode,
            height: Terminal.error.rows ?? 24)
          : [state.view.line(label)]
      }
    }
  }

  /// Shows how much of something is done.
  func show(_ label: String, _ done: Int, of total: Int, _ detail: @autoclosure () -> String) {
    guard isWanted, Terminal.error.isWindow else { return }
    state.withLock { state in
      draw(&state) { _ in
        [
          TrainingView.bar(
            label, done, of: total, detail(), width: columns - 1, isUnicode: Terminal.isUnicode)
        ]
      }
    }
  }

  /// What is being done while nothing can be counted yet.
  func say(_ text: String) {
    guard isWanted, Terminal.error.isWindow else { return }
    state.withLock { Self.put([String(text.prefix(columns - 1))], &$0) }
  }

  func clear() {
    guard isWanted, Terminal.error.isWindow else { return }
    state.withLock { Self.put([], &$0) }
  }

  private var columns: Int { Terminal.error.columns ?? 80 }

  private func draw(_ state: inout State, _ lines: (inout State) -> [String]) {
    let now = ContinuousClock.now
    let pause = Terminal.error.isWindow ? Self.pause.window : Self.pause.pipe
    guard now - state.last > pause else { return }
    state.last = now
    let lines = lines(&state)
    if Terminal.error.isWindow {
      Self.put(lines, &state)
    } else {
      Terminal.error.write(lines.map { $0 + "\n" }.joined())
    }
  }

  /// Writes lines over those that stand there.
  private static func put(_ lines: [String], _ state: inout State) {
    let up = state.lines > 1 ? "\u{1B}[\(state.lines - 1)A" : ""
    Terminal.error.write(raw: "\(up)\r\u{1B}[J")
    Terminal.error.write(lines.joined(separator: "\n"))
    state.lines = lines.count
  }
}
