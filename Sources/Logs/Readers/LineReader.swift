import Foundation
import KeelEngine

/// The lines of a text file, one by one, in constant memory.
struct LineReader {
  private let file: FileHandle
  private let path: String
  private var buffer: [UInt8] = []
  private var start = 0
  private var isAtEnd = false
  /// Whether the last line had no end: the log is still being written.
  private(set) var isCut = false

  /// Bytes of a line at the most.
  private static let longest = 1 << 24
  private static let chunk = 1 << 20

  init(_ path: String) throws {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw KeelError(.missing, at: path, "cannot be read", fix: "check its name and its rights")
    }
    (self.file, self.path) = (file, path)
  }

  /// The next line without its end; nil after the last.
  /// - Throws: `KeelError` for a line that no log has.
  mutating func next() throws -> ArraySlice<UInt8>? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        let line = buffer[start..<end]
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      }
      guard !isAtEnd else {
        guard start < buffer.count else { return nil }
        defer { start = buffer.count }
        isCut = true
        return buffer[start...]
      }
      guard buffer.count - start < Self.longest else {
        throw KeelError(
          .invalid, at: path, "has a line of more than 16 MB: it is no log of lines",
          fix: "name the file that the training wrote its numbers to")
      }
      buffer.removeSubrange(..<start)
      (searched, start) = (buffer.count, 0)
      let more = try file.read(upToCount: Self.chunk) ?? Data()
      isAtEnd = more.isEmpty
      buffer += more
    }
  }
}
