import Foundation
import KeelEngine
import KeelFaults

/// Forecasts, written down before the training that they speak of; each line carries the hash of
/// all before it, so that none can be changed or put in later.
package final class Seal: @unchecked Sendable {
  private let lock = NSLock()
  private let file: FileHandle
  private var last: String
  private var contents: Set<String>

  /// - Throws: an error of the file system.
  package init(_ path: String) throws {
    if !FileManager.default.fileExists(atPath: path) {
      try Data().write(to: URL(fileURLWithPath: path))
    }
    let text = try String(contentsOfFile: path, encoding: .utf8)
    guard Self.isIntact(text) else {
      throw KeelError(
        .invalid, at: path, "has been changed after it was written",
        fix: "begin anew in an empty folder")
    }
    let lines = text.split(separator: "\n")
    last = lines.last.map { String($0.prefix(64)) } ?? ""
    contents = Set(lines.map { String($0.dropFirst(65)) })
    guard let file = FileHandle(forWritingAtPath: path) else {
      throw CocoaError(.fileWriteNoPermission)
    }
    self.file = file
    try file.seekToEnd()
  }

  /// Adds a line: the hash of the one before and of the content, and the content.
  package func add(_ forecast: Told, of id: String) throws {
    let content = try Self.content(forecast, of: id)
    try lock.withLock {
      last = SHA256.hex(of: Array((last + content).utf8))
      contents.insert(content)
      try file.write(contentsOf: Data("\(last) \(content)\n".utf8))
    }
  }

  /// Whether the forecast that was judged stands there as it was written.
  package func holds(_ judgement: Judgement) -> Bool {
    guard let told = judgement.told,
      let content = try? Self.content(told, of: judgement.specimen.id)
    else { return false }
    return lock.withLock { contents.contains(content) }
  }

  private static func content(_ forecast: Told, of id: String) throws -> String {
    try String(decoding: Ledger.encoder.encode([id: forecast]), as: UTF8.self)
  }

  /// Whether every line follows from the one before.
  package static func isIntact(_ text: String) -> Bool {
    var last = ""
    return text.split(separator: "\n").allSatisfy { line in
      let content = line.dropFirst(65)
      last = SHA256.hex(of: Array((last + content).utf8))
      return line.prefix(64) == last
    }
  }

  /// Of everything written so far.
  package var hash: String { lock.withLock { last } }
}
