import Foundation
import KeelEngine

/// Reads files of TensorBoard's events: scalars as `simple_value` or as tensors of one number,
/// record by record, in constant memory.
///
/// A record whose checksum is wrong, or that the file ends in, ends the reading: what came before
/// is taken, and that is said. Source: see `EventFile`.
struct EventReader {
  private var log: TrainingLog
  private let path: String
  /// Tags that were met, as bytes and as names, and the one that is expected.
  private var tags: [(bytes: [UInt8], name: String)] = []
  private var next = 0
  /// Bytes of a record at the most: a scalar's has a hundred, a picture's millions.
  private static let longest = 1 << 28
  private static let chunk = 1 << 22

  /// Whether a file begins with a record.
  static func recognizes(_ head: [UInt8]) -> Bool {
    guard head.count >= 12 else { return false }
    return littleEndian(head[0..<8]) < UInt64(longest)
      && UInt32(truncatingIfNeeded: littleEndian(head[8..<12]))
        == EventFile.masked(Array(head[0..<8]))
  }

  /// - Throws: `KeelError` where it cannot be read.
  static func read(_ path: String) throws -> TrainingLog {
    var reader = EventReader(log: TrainingLog(.tensorBoard, path), path: path)
    try reader.readAll()
    return reader.log
  }

  private mutating func readAll() throws {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw KeelError(.missing, at: path, "cannot be read", fix: "check its name and its rights")
    }
    defer { try? file.close() }
    var (buffer, start, place) = ([UInt8](), 0, 0)
    var isAtEnd = false
    while true {
      let wanted = buffer.count - start >= 12 ? Self.length(buffer, start) : 12
      guard let wanted else {
        return broken(at: place, "is damaged (its length has a wrong checksum)")
      }
      if buffer.count - start < wanted {
        guard !isAtEnd else {
          if start < buffer.count {
            broken(
              at: place, "is cut short: the log is still being written, or was copied too early")
          }
          return
        }
        buffer.removeSubrange(..<start)
        start = 0
        let more = try file.read(upToCount: max(Self.chunk, wanted - buffer.count)) ?? Data()
        isAtEnd = more.isEmpty
        buffer += more
        continue
      }
      let isWhole = buffer.withUnsafeBytes { bytes in
        let end = start + wanted - 4
        let data = UnsafeRawBufferPointer(rebasing: bytes[start + 12..<end])
        guard UInt32(littleEndian(bytes[end..<end + 4])) == EventFile.masked(data) else {
          return false
        }
        take(data)
        return true
      }
      guard isWhole else {
        return broken(at: place, "is damaged (its data has a wrong checksum)")
      }
      start += wanted
      place += wanted
    }
  }

  /// Bytes of the record that begins there, with its frame; nil where its length is damaged.
  private static func length(_ buffer: [UInt8], _ start: Int) -> Int? {
    let head = buffer[start..<start + 8]
    guard
      UInt32(truncatingIfNeeded: littleEndian(buffer[start + 8..<start + 12]))
        == head.withUnsafeBytes({ EventFile.masked($0) }),
      littleEndian(head) < UInt64(longest)
    else { return nil }
    return 16 + Int(littleEndian(head))
  }

  private mutating func broken(at place: Int, _ what: String) {
    log.remarks.append("the record at byte \(place) \(what); what comes before it was read")
  }

  // MARK: protocol buffers

  private mutating func take(_ event: UnsafeRawBufferPointer) {
    var step = 0
    var summary: UnsafeRawBufferPointer?
    for field in Fields(event) {
      switch (field.number, field.value) {
      case (2, .varint(let value)): step = Int(truncatingIfNeeded: value)
      case (5, .bytes(let bytes)): summary = bytes
      default: break
      }
    }
    guard let summary else { return }
    for field in Fields(summary) {
      guard field.number == 1, case .bytes(let value) = field.value else { continue }
      scalar(value, at: step)
    }
  }

  private mutating func scalar(_ value: UnsafeRawBufferPointer, at step: Int) {
    var (tag, number): (UnsafeRawBufferPointer?, Double?) = (nil, nil)
    for field in Fields(value) {
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)): tag = bytes
      case (2, .fixed32(let bits)): number = Double(Float(bitPattern: bits))
      case (8, .bytes(let bytes)): number = Self.tensor(bytes)
      default: break
      }
    }
    if let tag, let number { log.add(number, name(tag), at: step) }
  }

  /// Tags come in the same order step by step: the next is mostly the one that was next before.
  private mutating func name(_ tag: UnsafeRawBufferPointer) -> String {
    if next < tags.count, tags[next].bytes.elementsEqual(tag) {
      defer { next = next + 1 < tags.count ? next + 1 : 0 }
      return tags[next].name
    }
    if let place = tags.firstIndex(where: { $0.bytes.elementsEqual(tag) }) {
      next = place + 1 < tags.count ? place + 1 : 0
      return tags[place].name
    }
    let name = String(decoding: tag, as: UTF8.self)
    guard tags.count < TrainingLog.many else { return name }
    tags.append((Array(tag), name))
    next = 0
    return name
  }

  /// The one number of a tensor: of float32 or float64, in `tensor_content`, `float_val` or
  /// `double_val`; nil for any other.
  private static func tensor(_ bytes: UnsafeRawBufferPointer) -> Double? {
    var (type, content): (UInt64, Double?) = (0, nil)
    for field in Fields(bytes) {
      switch (field.number, field.value) {
      case (1, .varint(let value)): type = value
      case (2, .bytes(let shape)):
        let sizes = Fields(shape).filter { $0.number == 2 }
        // More than one number is a histogram, or a picture.
        for size in sizes {
          guard case .bytes(let size) = size.value else { continue }
          for field in Fields(size) {
            if field.number == 1, case .varint(let extent) = field.value, extent != 1 { return nil }
          }
        }
      case (4, .bytes(let raw)), (5, .bytes(let raw)), (6, .bytes(let raw)):
        if raw.count == 4 { content = Double(Float(bitPattern: UInt32(littleEndian(raw)))) }
        if raw.count == 8 { content = Double(bitPattern: littleEndian(raw)) }
      case (5, .fixed32(let bits)): content = Double(Float(bitPattern: bits))
      case (6, .fixed64(let bits)): content = Double(bitPattern: bits)
      default: break
      }
    }
    return type == 1 || type == 2 ? content : nil
  }
}

/// The fields of a protocol buffer message, one by one; what cannot be one ends them.
private struct Fields: Sequence, IteratorProtocol {
  enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes(UnsafeRawBufferPointer)
  }

  private var rest: UnsafeRawBufferPointer

  init(_ message: UnsafeRawBufferPointer) { rest = message }

  mutating func next() -> (number: Int, value: Value)? {
    guard let key = varint() else { return nil }
    let number = Int(truncatingIfNeeded: key >> 3)
    switch key & 7 {
    case 0: return varint().map { (number, .varint($0)) }
    case 1: return take(8).map { (number, .fixed64(littleEndian($0))) }
    case 2:
      guard let count = varint(), count <= UInt64(rest.count) else { return nil }
      return take(Int(count)).map { (number, .bytes($0)) }
    case 5:
      return take(4).map { (number, .fixed32(UInt32(truncatingIfNeeded: littleEndian($0)))) }
    default: return nil
    }
  }

  private mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, rest.count >= count else { return nil }
    defer { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
    return UnsafeRawBufferPointer(rebasing: rest[..<count])
  }

  private mutating func varint() -> UInt64? {
    var (value, shift): (UInt64, UInt64) = (0, 0)
    while let byte = rest.first {
      rest = UnsafeRawBufferPointer(rebasing: rest[1...])
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
      guard shift < 64 else { return nil }
    }
    return nil
  }
}

/// An integer whose low byte comes first.
private func littleEndian(_ bytes: some BidirectionalCollection<UInt8>) -> UInt64 {
  bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
}
