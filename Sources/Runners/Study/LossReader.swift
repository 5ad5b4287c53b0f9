import Foundation
import KeelData
import KeelEngine
import KeelLogs

/// The losses of one training, as they come: from the lines that a program prints, or from the log
/// that it writes.
package struct LossReader {
  private let source: LossSource
  private let pattern: NSRegularExpression?
  /// Where the program runs.
  private let folder: String
  /// Losses of the log that were taken, and how large it was when they were.
  private var (taken, size) = (0, -1)
  /// Lines so far.
  private(set) var lines = 0
  /// Whether a loss has come.
  private var hasTold = false
  /// What the pattern found first that is no number.
  private var unread: String?
  /// The first line, for who looks for what never came.
  private(set) var firstLine: String?

  /// Of a longer line the rest is not looked at.
  private static let longest = 4096

  package init(_ source: LossSource, in folder: String) {
    (self.source, self.folder) = (source, folder)
    if case .pattern(let pattern) = source {
      self.pattern = try? NSRegularExpression(pattern: pattern)
    } else {
      pattern = nil
    }
  }

  /// Whether losses come from a log.
  var isOfLog: Bool { source.file != nil }

  // MARK: what it prints

  /// The loss that a line tells; nil where it tells none.
  /// - Throws: `KeelError` where it tells two, or none that is a number.
  mutating func loss(in line: ArraySlice<UInt8>) throws -> Double? {
    lines += 1
    if firstLine == nil, !line.isEmpty {
      firstLine = String(decoding: line.prefix(80), as: UTF8.self)
    }
    switch source {
    case .pattern(let written):
      let text = Self.plain(String(decoding: line.prefix(Self.longest), as: UTF8.self))
      let matches =
        pattern?.matches(in: text, range: NSRange(text.startIndex..., in: text)) ?? []
      let found = matches.compactMap { Range($0.range(at: 1), in: text).map { String(text[$0]) } }
      guard let first = found.first else { return nil }
      guard found.count == 1 else {
        throw error(
          "matches twice: '\(found[0])' and '\(found[1])' in '\(text.prefix(80))'",
          fix: "make '\(written)' say which, such as 'train loss (\\S+)'")
      }
      guard let value = Self.number(first) else {
        // Before the first loss a program tells what it is about to do: `loss: cross-entropy`.
        guard hasTold else {
          unread = unread ?? first
          return nil
        }
        throw error(
          "found '\(first)', which is no number, in '\(text.prefix(80))'",
          fix: "put the ( ) of '\(written)' around the number alone")
      }
      hasTold = true
      return value
    case .json(let key):
      guard line.first(where: { $0 != UInt8(ascii: " ") }) == UInt8(ascii: "{"),
        let value = JSONValue(line)?.member(key)
      else { return nil }
      // What JSON has no word for is written as null.
      if value == .null { return .nan }
      guard let number = value.number else {
        throw error("'\(key)' is no number", fix: "name the member that is the loss")
      }
      return number
    case .csv, .tensorBoard: return nil
    }
  }

  /// Without the codes that colour it.
  private static func plain(_ text: String) -> String {
    text.contains("\u{1B}") ? text.replacing(/\u{1B}\[[0-9;]*[A-Za-z]/, with: "") : text
  }

  private func error(_ what: String, fix: String) -> KeelError {
    KeelError(.invalid, at: "the program's line \(lines)", what, fix: fix)
  }

  /// As programs print numbers: with a comma behind, in a tensor, not finite.
  package static func number(_ text: String) -> Double? {
    // As Windows has them.
    if text.firstMatch(of: /^-?(nan|1\.#(qnan|ind|snan))\b/.ignoresCase()) != nil { return .nan }
    var rest = Substring(text)
    if rest.hasPrefix("tensor(") { rest = rest.dropFirst(7) }
    while let last = rest.last, ",;:)]}%'\"|".contains(last) { rest = rest.dropLast() }
    while let first = rest.first, "([{'\"".contains(first) { rest = rest.dropFirst() }
    if rest.hasSuffix(".") { rest = rest.dropLast() }
    switch rest.lowercased() {
    case "nan", "+nan", "-nan": return .nan
    case "inf", "+inf", "infinity", "+infinity", "1.#inf": return .infinity
    case "-inf", "-infinity", "-1.#inf": return -.infinity
    default: return rest.contains { "xXpP".contains($0) } ? nil : Double(rest)
    }
  }

  // MARK: what it writes

  /// The losses that the log has got since; none where there is no log yet.
  /// - Throws: `KeelError` where it has no such column, or is no log.
  package mutating func newLosses() throws -> [Double] {
    guard let file = source.file else { return [] }
    let path = file.hasPrefix("/") ? file : "\(folder)/\(file)"
    guard case let now = Self.size(of: path), now > 0, now != size else { return [] }
    size = now
    let log: TrainingLog
    do { log = try TrainingLog.read(path) } catch { return [] }  // its first row is not there yet
    guard let series = try series(of: log), series.kept > taken else { return [] }
    // Of a log that grows faster than it is read not every value is kept.
    guard !series.isThinned || series.kept - taken <= series.values.count / 2 else {
      throw KeelError(
        .invalid, at: path, "grows faster than it can be read",
        fix: "let the program write fewer rows: 'every' says how many steps each is")
    }
    defer { taken = series.kept }
    return series.values.suffix(series.kept - taken)
  }

  /// - Throws: `KeelError` where other numbers are there, and the loss is not.
  private func series(of log: TrainingLog) throws -> LogSeries? {
    let name: String
    switch source {
    case .csv(_, let column): name = column
    case .tensorBoard(_, let tag?): name = tag
    default: return log.series(of: .loss)?.series
    }
    if let series = log.series[name] { return series }
    // Of a table every column is there from the first row on.
    guard case .csv = source, !log.series.isEmpty else { return nil }
    throw KeelError(
      .invalid, at: "loss.column", "the log has no column '\(name)'",
      fix: "choose one of: \(log.series.keys.sorted().prefix(8).joined(separator: ", "))")
  }

  /// Bytes of a file, or of all below a folder; 0 where there is none.
  private static func size(of path: String) -> Int {
    let files = FileManager.default
    var isFolder: ObjCBool = false
    guard files.fileExists(atPath: path, isDirectory: &isFolder) else { return 0 }
    let paths =
      isFolder.boolValue
      ? (files.subpaths(atPath: path) ?? []).map { "\(path)/\($0)" } : [path]
    return paths.reduce(0) { sum, path in
      sum + ((try? files.attributesOfItem(atPath: path)[.size] as? Int) ?? 0)
    }
  }

  /// Why a program that has ended has told no loss.
  var absence: (what: String, fix: String) {
    switch source {
    case .pattern(let pattern) where unread != nil:
      (
        "what '\(pattern)' finds is no number: '\((unread ?? "").prefix(40))'",
        "put the ( ) around the number alone, with a point and not a comma"
      )
    case .pattern(let pattern):
      (
        "none of its \(lines) lines matches '\(pattern)'"
          + (firstLine.map { "; the first is '\($0)'" } ?? ""),
        "write loss.pattern so that it fits a line with the loss"
      )
    case .json(let key):
      (
        "none of its \(lines) lines is JSON with '\(key)'"
          + (firstLine.map { "; the first is '\($0)'" } ?? ""),
        "print a line such as {\"\(key)\": 0.3} for every step"
      )
    case .csv(let file, let column):
      ("has not written '\(file)' with a column '\(column)'", "name the file that it writes")
    case .tensorBoard(let folder, let tag):
      (
        "has not written events with \(tag.map { "'\($0)'" } ?? "a loss") into '\(folder)'",
        "name the folder that it writes, and the tag of the loss"
      )
    }
  }
}

extension JSONValue {
  /// A member by its name, or by a path of names: `train.loss`; null, too.
  fileprivate func member(_ path: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    if let value = members[path] { return value }
    let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
    return parts.count == 2 ? members[parts[0]]?.member(parts[1]) : nil
  }
}
