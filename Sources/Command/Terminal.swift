import Foundation
import Keel
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

  /// Columns of the window; nil where nobody looks on, or it does not say.
  var columns: Int? {
    var size = winsize()
    guard isatty(file) == 1, ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }

  /// Writes a page for people: nothing in it that a terminal would obey but its own colours, and no
  /// line that breaks inside a word.
  func write(_ page: String) {
    // An error, and what goes to a file, is a line for other tools: only a window breaks it.
    let width = columns ?? (file == STDOUT_FILENO ? Text.width : .max)
    let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
      .flatMap { Text.fitted(String($0), to: width) }
    write(raw: lines.map(styled).joined(separator: "\n"))
  }

  /// Writes all of it as it is; what cannot be written is an error of the command (74).
  func write(raw text: String) {
    let isWritten = Array(text.utf8).withUnsafeBytes { AtomicFile.writeAll($0, to: file) }
    guard !isWritten, file == STDOUT_FILENO else { return }
    let reason = String(cString: strerror(errno))
    Terminal.error.write("error: standard output: cannot be written (\(reason)); make room\n")
    exit(74)
  }

  func red(_ text: String) -> String { Style.red.mark(text) }
  func green(_ text: String) -> String { Style.green.mark(text) }
  func yellow(_ text: String) -> String { Style.yellow.mark(text) }
  func bold(_ text: String) -> String { Style.bold.mark(text) }
  func dim(_ text: String) -> String { Style.dim.mark(text) }

  /// A line without its marks, or with colours in their place.
  private func styled(_ line: String) -> String {
    var result = ""
    for part in line.unicodeScalars.split(
      omittingEmptySubsequences: false, whereSeparator: Style.isMark)
    {
      result += shown(String(part), limit: .max)
      guard part.endIndex < line.unicodeScalars.endIndex else { break }
      if isInteractive { result += Style.code(of: line.unicodeScalars[part.endIndex]) }
    }
    return result
  }
}

/// A colour, as a mark in a page: a scalar that is no character (U+FDD0 and after) before the text
/// and another after it.
///
/// Escape sequences take their place when all else has been escaped.
private enum Style: UInt32, CaseIterable {
  case none = 0xFDD0
  case red, green, yellow, bold, dim

  private var code: String {
    switch self {
    case .none: "0"
    case .red: "31;1"
    case .green: "32;1"
    case .yellow: "33;1"
    case .bold: "1"
    case .dim: "2"
    }
  }

  func mark(_ text: String) -> String {
    [rawValue, Style.none.rawValue].compactMap { Unicode.Scalar($0) }.map(String.init)
      .joined(separator: text)
  }

  static func isMark(_ scalar: Unicode.Scalar) -> Bool { Style(rawValue: scalar.value) != nil }

  static func code(of scalar: Unicode.Scalar) -> String {
    Style(rawValue: scalar.value).map { "\u{1B}[\($0.code)m" } ?? ""
  }
}

extension Character {
  /// Whether it is seen in a page, and takes a column.
  var isShown: Bool { !unicodeScalars.allSatisfy { (0xFDD0...0xFDEF).contains($0.value) } }
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
