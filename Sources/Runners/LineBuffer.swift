/// What a program prints, cut into lines.
struct LineBuffer {
  private var bytes: [UInt8] = []
  /// Where the next line begins, and how far it has been searched for its end.
  private var (start, searched) = (0, 0)

  /// Bytes of a line that has no end yet.
  var pending: Int { bytes.count - start }

  mutating func append(_ chunk: some Collection<UInt8>) {
    if start > 0 {
      bytes.removeSubrange(..<start)
      (start, searched) = (0, searched - start)
    }
    bytes.append(contentsOf: chunk)
  }

  /// The next line; nil where none has ended yet.
  /// - Parameter isEnd: which bytes end one.
  mutating func next(
    endingWhere isEnd: (UInt8) -> Bool = { $0 == UInt8(ascii: "\n") }
  ) -> ArraySlice<UInt8>? {
    guard let end = bytes[searched...].firstIndex(where: isEnd) else {
      searched = bytes.count
      return nil
    }
    defer { (start, searched) = (end + 1, end + 1) }
    return bytes[start..<end]
  }

  /// What has no end, where nothing more comes.
  mutating func rest() -> ArraySlice<UInt8> {
    defer { (start, searched) = (bytes.count, bytes.count) }
    return bytes[start...]
  }
}
