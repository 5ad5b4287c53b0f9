import Foundation
import KeelAuthoring
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
    /// Steps that need not look at the clock: quick ones would spend their time on it.
    var blind = 0
    var looked = ContinuousClock.now
  }

  /// The one that stands in the window.
  private static let current = Mutex<ProgressBar?>(nil)

  /// Writes a line on standard error, in place of what stands there.
  static func interrupt(_ line: String) {
    current.withLock { $0 }?.clear()
    Terminal.error.write(line)
  }

  /// Between two pictures, in a window and elsewhere.
  private static let pause = (window: Duration.milliseconds(100), pipe: Duration.seconds(10))

  /// - Parameter isWanted: false for `--quiet` and `--json`.
  init(isWanted: Bool) {
    self.isWanted = isWanted
    // Elsewhere what is over sooner needs no line.
    if !Terminal.error.isWindow { state.withLock { $0.last = .now } }
    Self.current.withLock { $0 = self }
  }

  /// Shows a training, step by step.
  func show(_ label: String, _ step: Run.Step) {
    guard isWanted else { return }
    state.withLock { state in
      state.view.add(step)
      guard state.blind == 0 else {
        state.blind -= 1
        return
      }
      draw(&state) { state in
        Terminal.error.isWindow
          ? state.view.lines(
            label, width: width, isUnicode: Terminal.isUnicode,
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
            label, done, of: total, detail(), width: width, isUnicode: Terminal.isUnicode)
        ]
      }
    }
  }

  /// What is being done while nothing can be counted yet.
  func say(_ text: String) {
    guard isWanted, Terminal.error.isWindow else { return }
    state.withLock { Self.put([String(text.prefix(width))], &$0) }
  }

  func clear() {
    guard isWanted, Terminal.error.isWindow else { return }
    state.withLock { Self.put([], &$0) }
  }

  /// Columns of a line: a terminal's own `^C` must find room behind it.
  private var width: Int { (Terminal.error.columns ?? 80) - 3 }

  private func draw(_ state: inout State, _ lines: (inout State) -> [String]) {
    let now = ContinuousClock.now
    state.blind = now - state.looked < .microseconds(200) ? 31 : 0
    state.looked = now
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
