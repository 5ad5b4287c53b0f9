import Foundation
import KeelEngine

/// A safetensors file of float32 tensors, with a checksum of its own in the metadata.
package struct Safetensors {
  package var metadata: [String: String]
  package var tensors: [Tensor]

  package init(metadata: [String: String], tensors: [Tensor]) {
    self.metadata = metadata
    self.tensors = tensors
  }

  /// The entry of the metadata that holds the CRC-32 of everything else.
  private static let checksumKey = "crc32"

  /// Whether the file held a checksum, which it then agreed with.
  package var isChecked: Bool { metadata[Self.checksumKey] != nil }

  /// Of names, shapes, numbers and the rest of the metadata, in an order that does not depend on
  /// how a program lays them out.
  private var checksum: String {
    var sum = Checksum()
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where key != Self.checksumKey {
      sum.add("\(key.utf8.count) \(key) \(value.utf8.count) \(value)")
    }
    for tensor in tensors.sorted(by: { $0.name < $1.name }) {
      sum.add("\(tensor.name.utf8.count) \(tensor.name) \(tensor.shape)")
      sum.add(tensor.values)
    }
    return sum.text
  }

  package func encoded() throws -> Data {
    let metadata = metadata.merging([Self.checksumKey: checksum]) { $1 }
    var header: [String: Any] = ["__metadata__": metadata]
    var offset = 0
    for tensor in tensors {
      let end = offset + tensor.values.count * 4
      header[tensor.name] = [
        "dtype": "F32", "shape": tensor.shape.axes, "data_offsets": [offset, end],
      ]
      offset = end
    }
    var json = try JSONSerialization.data(
      withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes])
    while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
    var data = Data(capacity: 8 + json.count + offset)
    withUnsafeBytes(of: UInt64(json.count).littleEndian) { data.append(contentsOf: $0) }
    data.append(json)
    for tensor in tensors {
      // Every platform Swift runs on stores float32 with the low byte first, as the format does.
      tensor.values.withUnsafeBytes { data.append(contentsOf: $0) }
    }
    return data
  }

  /// Reads the numbers that a header promises.
  /// - Throws: `KeelError` where the file is shorter by now, too large, or damaged.
  package init(_ file: SafetensorsHeader) throws {
    metadata = file.metadata
    guard file.size <= Planner.memoryLimit else {
      throw file.broken("takes \(file.size) bytes, which do not fit memory")
    }
    try Room.check(file.size, for: "the numbers of \(file.path)")
    tensors = try file.entries.map { entry in
      var read = 0
      let values = [Float](unsafeUninitializedCapacity: entry.bytes.count / 4) { values, count in
        read = file.read(
          UnsafeMutableRawBufferPointer(values), at: file.start + entry.bytes.lowerBound)
        count = read / 4
      }
      guard read == entry.bytes.count else { throw file.broken("became shorter while it was read") }
      return .init(name: entry.name, shape: entry.shape, values: values)
    }
    if let promised = metadata[Self.checksumKey], promised != checksum {
      throw file.broken(
        "is damaged: its checksum is \(checksum), not \(promised) as it was written with")
    }
  }
}
