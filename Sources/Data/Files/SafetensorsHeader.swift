import Foundation
import KeelEngine

/// What a safetensors file says of itself: metadata, and where each tensor lies.
///
/// A model may be larger than memory: its header is read and judged before any of its numbers.
///
/// **References** The format: eight bytes with the header's length, a JSON header, the numbers; see
/// the documentation of Hugging Face's `safetensors`.
package final class SafetensorsHeader {
  package struct Entry {
    package let name: String
    package let shape: Shape
    /// Counted from `start`.
    let bytes: Range<Int>
  }

  package let metadata: [String: String]
  /// In the order in which they lie in the file.
  package let entries: [Entry]
  /// Bytes before the first number.
  let start: Int
  /// Bytes of the whole file.
  let size: Int
  let path: String
  private let file: Int32

  /// What the format allows a header to take.
  private static let longest = 100_000_000

  /// - Throws: `KeelError` that says which promise of the header the file breaks.
  package init(_ path: String) throws {
    let (file, size) = try Self.open(path)
    var isKept = false
    defer { if !isKept { close(file) } }
    func broken(_ what: String) -> KeelError { Self.broken(path, what) }
    func bytes(_ count: Int, at offset: Int) -> Data {
      var data = Data(count: count)
      let read = data.withUnsafeMutableBytes { Self.read($0, at: offset, of: file) }
      return data.prefix(read)
    }
    guard size >= 8 else { throw broken("is too short for a safetensors file") }
    let length = bytes(8, at: 0).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= Self.longest else { throw broken("is not a safetensors file") }
    guard length <= size - 8 else {
      throw broken("promises a header of \(length) bytes, but has \(size - 8)")
    }
    let start = 8 + Int(length)
    guard
      let header = try? JSONSerialization.jsonObject(with: bytes(Int(length), at: 8))
        as? [String: Any]
    else { throw broken("has a header that is not JSON") }
    metadata = header["__metadata__"] as? [String: String] ?? [:]
    entries = try Self.entries(header, room: size - start, broken)
    (self.path, self.file, self.start, self.size) = (path, file, start, size)
    isKept = true
  }

  deinit { close(file) }

  func broken(_ what: String) -> KeelError { Self.broken(path, what) }

  private static func broken(_ path: String, _ what: String) -> KeelError {
    KeelError(.invalid, at: path, what, fix: "write the model again, or use another copy")
  }

  /// - Returns: how many bytes there were.
  func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
    Self.read(buffer, at: offset, of: file)
  }

  private static func read(
    _ buffer: UnsafeMutableRawBufferPointer, at offset: Int, of file: Int32
  ) -> Int {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = pread(file, rest.baseAddress, rest.count, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      done += count
    }
    return done
  }

  private static func open(_ path: String) throws -> (Int32, Int) {
    // A C string ends at a NUL: such a name would find another file.
    let file =
      path.utf8.contains(0) ? -1 : Foundation.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      guard errno == EACCES || errno == EPERM else {
        throw KeelError(
          .missing, at: path, "is not there",
          fix: "write one with 'keel train RECIPE --save MODEL'")
      }
      throw KeelError(.invalid, at: path, "cannot be read", fix: "check that it is a readable file")
    }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      close(file)
      throw KeelError(
        .invalid, at: path, isFolder ? "is a folder" : "is not a regular file",
        fix: isFolder ? "name a model file in it" : "save the model to a file first")
    }
    return (file, Int(status.st_size))
  }

  private static func entries(
    _ header: [String: Any], room: Int, _ broken: (String) -> KeelError
  ) throws -> [Entry] {
    let raw = try header.filter { $0.key != "__metadata__" }.map { name, value in
      guard let value = value as? [String: Any], let type = value["dtype"] as? String,
        let shape = value["shape"] as? [Int], let range = value["data_offsets"] as? [Int],
        range.count == 2
      else { throw broken("describes \(name) in a way that is not safetensors") }
      return (name: name, type: type, shape: shape, first: range[0], end: range[1])
    }
    var expected = 0
    let entries = try raw.sorted { ($0.first, $0.name) < ($1.first, $1.name) }.map { entry in
      guard entry.type == "F32" else {
        throw broken("holds \(entry.name) as \(entry.type), not F32")
      }
      let isRight =
        entry.shape.allSatisfy { $0 >= 0 } && entry.first == expected && entry.end >= entry.first
        && entry.end <= room && (entry.end - entry.first) % 4 == 0
        && Shape(entry.shape).count == (entry.end - entry.first) / 4
      guard isRight else {
        throw broken(
          "promises \(entry.name) [\(Shape(entry.shape))] at bytes \(entry.first) to \(entry.end), "
            + "but has \(room) bytes from \(expected) on")
      }
      expected = entry.end
      return Entry(name: entry.name, shape: Shape(entry.shape), bytes: entry.first..<entry.end)
    }
    guard expected == room else {
      throw broken("has \(room - expected) bytes that belong to no tensor")
    }
    return entries
  }
}
