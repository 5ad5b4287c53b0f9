import Foundation

/// A file of TensorBoard's events: scalars by tag and step, NaN and infinities as they came.
///
/// Records are framed as TFRecord has them (length, its checksum, data, its checksum: CRC-32C,
/// masked); each is a protocol buffer `Event` with `wall_time` (1), `step` (2), and `file_version`
/// (3) or `summary` (5). Source: tensorflow/core/util/event.proto and summary.proto, and the format
/// of `tf.data.TFRecordDataset`.
public struct EventFile: Sendable {
  /// The bytes so far.
  public private(set) var data = Data()

  /// Begins a file.
  /// - Parameter time: when it was begun, in seconds since 1970.
  public init(time: Double) {
    var event = Message()
    event.add(1, time)
    event.add(3, "brain.Event:2")
    append(event)
  }

  /// The bytes so far, which are then somebody else's to write.
  mutating func takeData() -> Data {
    defer { data = Data() }
    return data
  }

  /// The name that TensorBoard looks for.
  /// - Parameter source: who wrote it: a run's id.
  public static func name(time: Double, source: String) -> String {
    "events.out.tfevents.\(Int(min(max(time, 0), 1e15))).\(source)"
  }

  /// Adds the scalars of a step.
  public mutating func add(_ scalars: [(tag: String, value: Float)], step: Int, time: Double) {
    var summary = Message()
    for (tag, value) in scalars {
      var scalar = Message()
      scalar.add(1, tag)
      scalar.add(2, value)
      summary.add(1, scalar)
    }
    var event = Message()
    event.add(1, time)
    event.add(2, step)
    event.add(5, summary)
    append(event)
  }

  private mutating func append(_ event: Message) {
    let length = Self.bytes(UInt64(event.bytes.count))
    data += length + Self.bytes(Self.masked(length))
    data += event.bytes + Self.bytes(Self.masked(event.bytes))
  }

  /// The checksum of a record: rotated and shifted, so that one over data with checksums in it is
  /// no weaker.
  static func masked(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { masked($0) } }

  static func masked(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let sum = CRC32C.checksum(bytes)
    return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
  }

  private static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }
}

/// A protocol buffer message as it is written.
private struct Message {
  var bytes: [UInt8] = []

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func key(_ field: UInt64, _ type: UInt64) { varint(field << 3 | type) }

  mutating func add(_ field: UInt64, _ value: Double) {
    key(field, 1)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  mutating func add(_ field: UInt64, _ value: Float) {
    key(field, 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  mutating func add(_ field: UInt64, _ value: Int) {
    key(field, 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func add(_ field: UInt64, _ text: String) { add(field, Array(text.utf8)) }

  mutating func add(_ field: UInt64, _ message: Message) { add(field, message.bytes) }

  private mutating func add(_ field: UInt64, _ content: [UInt8]) {
    key(field, 2)
    varint(UInt64(content.count))
    bytes += content
  }
}
