import Foundation
import KeelEngine

/// A file that a dataset names: where it is, and how many bytes it has.
package struct DataFile {
  /// The name as the recipe writes it, the place of every error.
  let name: String
  let path: String
  let size: Int

  /// Finds the file.
  /// - Parameter folder: what a relative name is relative to; empty: the working directory.
  /// - Throws: `KeelError`: `.missing` where there is no such file, `.invalid` where it is not a
  ///   file, or empty.
  package init(_ name: String, in folder: String) throws {
    self.name = name
    path = name.hasPrefix("/") || folder.isEmpty ? name : "\(folder)/\(name)"
    var status = stat()
    // A C string ends at a NUL: such a name would find another file.
    guard !path.utf8.contains(0), stat(path, &status) == 0 else {
      let code = path.utf8.contains(0) ? ENOENT : errno
      if code == ENOENT || code == ENOTDIR {
        throw KeelError(
          .missing, at: name, "there is no such file",
          fix: "check the name; the file was looked for at \(shown(path, limit: 400))")
      }
      throw KeelError(
        .invalid, at: name, "cannot be read (\(String(cString: strerror(code))))",
        fix: "check the permissions of the file and of its folder")
    }
    size = Int(status.st_size)
    let type = status.st_mode & S_IFMT
    guard type != S_IFDIR else {
      throw KeelError(.invalid, at: name, "is a directory", fix: "name a file in it")
    }
    // A device or a pipe has no size to check a header against, and may never end.
    guard type == S_IFREG else {
      throw KeelError(
        .invalid, at: name, "is not a regular file", fix: "save the data to a file first")
    }
    guard size > 0 else { throw Self.empty(name) }
  }

  static func empty(_ name: String) -> KeelError {
    KeelError(.invalid, at: name, "the file is empty", fix: "name a file that holds data")
  }

  package func error(_ what: String, fix: String) -> KeelError {
    KeelError(.invalid, at: name, what, fix: fix)
  }

  /// All bytes.
  func bytes() throws -> [UInt8] {
    // The numbers read from a text take at most twice its bytes, beside the text itself.
    guard size <= Planner.memoryLimit / 4 else {
      throw error("\(size) bytes do not fit memory", fix: "use a smaller part of the data")
    }
    try Room.check(3 * size, for: "\(name) and the numbers in it")
    guard let file = fopen(path, "rb") else {
      throw error(
        "cannot be read (\(String(cString: strerror(errno))))",
        fix: "check the permissions of the file")
    }
    defer { fclose(file) }
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = fread(buffer.baseAddress, 1, buffer.count, file)
    }
    guard bytes.count == size else {
      throw error(
        "only \(bytes.count) of \(size) bytes could be read",
        fix: "try again when nothing else writes the file")
    }
    return bytes
  }

  /// All bytes of a text, which is UTF-8 without NUL.
  package func text() throws -> [UInt8] {
    let bytes = try bytes()
    if bytes.starts(with: [0x1f, 0x8b]) {
      throw error("is compressed with gzip", fix: "unpack it first: gunzip \(name)")
    }
    var (all, least) = (UInt8.min, UInt8.max)
    for byte in bytes { (all, least) = (all | byte, min(least, byte)) }
    if least == 0, let offset = bytes.firstIndex(of: 0) {
      throw error(
        "is binary, not text: byte \(offset) is NUL", fix: "save the data as text in UTF-8")
    }
    // Of ASCII alone there is nothing to decode.
    if all >= 0x80, String(bytes: bytes, encoding: .utf8) == nil { throw notUTF8(bytes) }
    return bytes
  }

  private func notUTF8(_ bytes: [UInt8]) -> KeelError {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var offset = 0
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
    let byte = String(bytes[min(offset, bytes.count - 1)], radix: 16, uppercase: true)
    let line = bytes[..<offset].count { $0 == UInt8(ascii: "\n") } + 1
    return error(
      "is not text in UTF-8: byte 0x\(byte) on line \(line)", fix: "save the data as text in UTF-8")
  }
}
