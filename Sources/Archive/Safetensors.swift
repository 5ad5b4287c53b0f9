import Foundation
import KeelEngine
import KeelRecipes
import KeelTraining

/// A safetensors file of float32 tensors, with a checksum of its own in the metadata.
struct Safetensors {
  var metadata: [String: String]
  var tensors: [Network.Tensor]

  init(metadata: [String: String], tensors: [Network.Tensor]) {
    self.metadata = metadata
    self.tensors = tensors
  }

  /// The entry of the metadata that holds the CRC-32 of everything else.
  private static let checksumKey = "crc32"

  /// Whether the file held a checksum, which it then agreed with.
  var isChecked: Bool { metadata[Self.checksumKey] != nil }

  /// Of names, shapes, numbers and the rest of the metadata, in an order that does not depend on how a
  /// program lays them out.
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

  private struct Entry {
    let type: String
    let shape: [Int]
    let offsets: [Int]
  }

  func encoded() throws -> Data {
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

  /// - Throws: `KeelError` that says which promise of the header the file breaks.
  init(_ data: Data, named path: String) throws {
    func broken(_ what: String) -> KeelError {
      KeelError(.invalid, at: path, what, fix: "write the model again, or use another copy")
    }
    /// What the format allows a header to take.
    let longest = 100_000_000
    guard data.count >= 8 else { throw broken("is too short for a safetensors file") }
    let length = data.prefix(8).enumerated().reduce(UInt64(0)) {
      $0 | UInt64($1.element) << (8 * UInt64($1.offset))
    }
    guard length <= longest else { throw broken("is not a safetensors file") }
    guard length <= data.count - 8 else {
      throw broken("promises a header of \(length) bytes, but has \(data.count - 8)")
    }
    let start = 8 + Int(length)
    guard
      let header = try? JSONSerialization.jsonObject(with: data[8..<start]) as? [String: Any]
    else { throw broken("has a header that is not JSON") }
    metadata = header["__metadata__"] as? [String: String] ?? [:]
    tensors = []
    var expected = 0
    let entries = try header.filter { $0.key != "__metadata__" }.map { name, value in
      guard let value = value as? [String: Any], let type = value["dtype"] as? String,
        let shape = value["shape"] as? [Int], let range = value["data_offsets"] as? [Int],
        range.count == 2
      else { throw broken("describes \(name) in a way that is not safetensors") }
      return (name, Entry(type: type, shape: shape, offsets: range))
    }
    for (name, entry) in entries.sorted(by: { ($0.1.offsets[0], $0.0) < ($1.1.offsets[0], $1.0) }) {
      let (first, end) = (entry.offsets[0], entry.offsets[1])
      guard entry.type == "F32" else { throw broken("holds \(name) as \(entry.type), not F32") }
      guard entry.shape.allSatisfy({ $0 >= 0 }), first == expected, end >= first,
        end <= data.count - start, Shape(entry.shape).count == (end - first) / 4,
        (end - first) % 4 == 0
      else {
        throw broken(
          "promises \(name) [\(Shape(entry.shape))] at bytes \(first) to \(end), "
            + "but has \(data.count - start) bytes from \(expected) on")
      }
      expected = end
      let values = [Float](unsafeUninitializedCapacity: (end - first) / 4) { values, count in
        count = data.copyBytes(to: values, from: start + first..<start + end) / 4
      }
      tensors.append(.init(name: name, shape: Shape(entry.shape), values: values))
    }
    guard expected == data.count - start else {
      throw broken("has \(data.count - start - expected) bytes that belong to no tensor")
    }
    if let promised = metadata[Self.checksumKey], promised != checksum {
      throw broken(
        "is damaged: its checksum is \(checksum), not \(promised) as it was written with")
    }
  }
}
