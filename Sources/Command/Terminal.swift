import Foundation
import KeelAuthoring
import KeelReport

/// An output stream: colours only where a person looks on.
struct Terminal: Sendable {
  private let file: Int32
  /// Whether a person looks on, and lines can be written over.
  let isWindow: Bool
  /// Whether that person wants colours.
  private let isColoured: Bool
  /// Whether it shows more letters than ASCII has.
  static let isUnicode: Bool = {
    let environment = ProcessInfo.processInfo.environment
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }
      .first { !$0.isEmpty }
    return locale.map { $0.lowercased().contains("utf-8") || $0.lowercased().contains("utf8") }
      ?? true
  }()

  static let output = Terminal(STDOUT_FILENO)
  static let error = Terminal(STDERR_FILENO)

  private init(_ file: Int32) {
    self.file = file
    let environment = ProcessInfo.processInfo.environment
    isWindow = isatty(file) == 1 && environment["TERM"] != "dumb"
    isColoured = isWindow && (environment["NO_COLOR"] ?? "").isEmpty
  }

  /// Columns of the window; nil where nobody looks on, or it does not say.
  var columns: Int? {
    let said = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) } ?? .max
    var size = winsize()
    guard isatty(file) == 1, ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return max(20, min(Int(size.ws_col), said))
  }

  /// Lines of the window; nil where nobody looks on, or it does not say.
  var rows: Int? {
    var size = winsize()
    guard isatty(file) == 1, ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else {
      return nil
    }
    return Int(size.ws_row)
  }

  /// Writes a page for people: nothing in it that a terminal would obey but its own colours, and no
  /// line that breaks inside a word.
  /// - Parameter window: columns of the window that somebody shows it in; nil where that is this
  ///   stream's, if anybody's.
  func write(_ page: String, window: Int? = nil) {
    // An error, and what goes to a file, is a line for other tools: only a window breaks it.
    let width = columns ?? window ?? (file == STDOUT_FILENO ? Text.width : .max)
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

  /// A line without its marks, or with colours in their place.
  private func styled(_ line: String) -> String {
    var result = ""
    for part in line.unicodeScalars.split(
      omittingEmptySubsequences: false, whereSeparator: Style.isMark)
    {
      result += shown(String(part), limit: .max)
      guard part.endIndex < line.unicodeScalars.endIndex else { break }
      if isColoured { result += Style.code(of: line.unicodeScalars[part.endIndex]) }
    }
    return result
  }
}
