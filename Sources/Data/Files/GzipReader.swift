import CZlib
import KeelEngine

/// Reads a file from its beginning, unpacking it where it is compressed with gzip.
///
/// No more is unpacked than was asked for, so a small file cannot fill the memory.
struct GzipReader: ~Copyable {
  let file: DataFile
  private let handle: gzFile

  init(_ file: DataFile) throws {
    guard let handle = gzopen(file.path, "rb") else {
      throw file.error("cannot be read", fix: "check the permissions of the file")
    }
    self.file = file
    self.handle = handle
  }

  deinit { gzclose(handle) }

  /// The most bytes that the file can hold: deflate packs at most 1032 into one (zlib's technical
  /// details, *Maximum Compression Factor*).
  var largestCount: Int {
    isCompressed ? Shape(file.size, 1032).count : file.size
  }

  var isCompressed: Bool { gzdirect(handle) == 0 }

  /// The next `count` bytes; fewer where the file ends.
  /// - Throws: `KeelError` where the compressed data is damaged.
  func read(_ count: Int) throws -> [UInt8] {
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let limit = min(count, filled + 1 << 24)  // gzread counts in 32 bits
        let part = UnsafeMutableBufferPointer(rebasing: buffer[filled..<limit])
        let read = gzread(handle, part.baseAddress, UInt32(part.count))
        guard read > 0 else { break }
        filled += Int(read)
      }
    }
    if bytes.count < count { try check() }
    return bytes
  }

  /// Throws if the last read ended before the compressed data did.
  private func check() throws {
    var code: Int32 = Z_OK
    _ = gzerror(handle, &code)
    switch code {
    case Z_OK, Z_STREAM_END: return
    case Z_BUF_ERROR:
      throw file.error(
        "the gzip data breaks off", fix: "copy or download the file again: its end is missing")
    case Z_DATA_ERROR:
      throw file.error("the gzip data is corrupt", fix: "copy or download the file again")
    default:
      throw file.error("cannot be read to its end", fix: "check the disk, or copy the file again")
    }
  }
}
