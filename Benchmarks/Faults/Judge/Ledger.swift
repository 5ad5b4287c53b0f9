import Foundation
import KeelFaults

/// Everything found so far, a line a draw: a run that was interrupted goes on from there.
package final class Ledger: @unchecked Sendable {
  package struct Entry: Codable, Sendable {
    package let key: String
    package let judgements: [Judgement]
    package let rejections: [Rejection]
    /// Of making the recipes, and of judging them.
    package let seconds: [Double]
    /// Specimens that could not be judged, and why.
    package var failures: [Rejection]

    package init(
      key: String, judgements: [Judgement], rejections: [Rejection], seconds: [Double],
      failures: [Rejection]
    ) {
      (self.key, self.judgements, self.rejections) = (key, judgements, rejections)
      (self.seconds, self.failures) = (seconds, failures)
    }
  }

  private let lock = NSLock()
  private let file: FileHandle
  private var all: [String: Entry]

  static let encoder: JSONEncoder = {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return encoder
  }()

  private static let decoder: JSONDecoder = {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return decoder
  }()

  /// One that is there already.
  /// - Throws: where it is not.
  package convenience init(reading path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else {
      throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: path])
    }
    try self.init(path)
  }

  /// - Throws: an error of the file system, or of a line that cannot be read.
  package init(_ path: String) throws {
    if !FileManager.default.fileExists(atPath: path) {
      try Data().write(to: URL(fileURLWithPath: path))
    }
    let text = try Data(contentsOf: URL(fileURLWithPath: path))
    // A line that an interrupted run did not finish is no entry.
    let lines = text.split(separator: UInt8(ascii: "\n"))
    let entries = lines.compactMap { try? Self.decoder.decode(Entry.self, from: $0) }
    // A draw that was done again counts once.
    all = Dictionary(entries.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
    guard let file = FileHandle(forWritingAtPath: path) else {
      throw CocoaError(.fileWriteNoPermission)
    }
    self.file = file
    try file.seekToEnd()
    if let last = text.last, last != UInt8(ascii: "\n") {
      try file.write(contentsOf: Data("\n".utf8))
    }
  }

  package func add(_ entry: Entry) throws {
    let line = try Self.encoder.encode(entry) + Data("\n".utf8)
    try lock.withLock {
      all[entry.key] = entry
      try file.write(contentsOf: line)
    }
  }

  /// In the order of their keys.
  package var entries: [Entry] {
    lock.withLock { all.values.sorted { ($0.key.count, $0.key) < ($1.key.count, $1.key) } }
  }
  package var keys: Set<String> { lock.withLock { Set(all.keys) } }
  package var judgements: [Judgement] { entries.flatMap(\.judgements) }
}
