import CZlib

/// A CRC-32, as zlib computes it: tells by accident changed bytes from those that were there.
///
/// It finds every change within 32 bits, and any other with a chance of 1 − 2⁻³²; it is no
/// protection against somebody who means to deceive.
package struct Checksum: Hashable {
  package private(set) var value: UInt32 = 0

  package init() {}

  package mutating func add(_ bytes: UnsafeRawBufferPointer) {
    value = UInt32(crc32_z(UInt(value), bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
  }

  package mutating func add(_ values: [some BitwiseCopyable]) {
    values.withUnsafeBytes { add($0) }
  }

  package mutating func add(_ text: String) { add(Array(text.utf8)) }

  /// Eight hexadecimal digits.
  package var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}

extension DataSplit {
  /// Of all numbers of the rows, as they were read.
  package var checksum: String {
    var sum = Checksum()
    for part in [train, test].compactMap({ $0 }) {
      sum.add("\(part.count) \(part.shape)")
      sum.add(part.inputs)
      switch part.targets.values {
      case .numbers(let numbers): sum.add(numbers)
      case .classes(let classes): sum.add(classes)
      }
    }
    return sum.text
  }
}
