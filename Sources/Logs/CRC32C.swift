/// The checksum of iSCSI (RFC 3720, Castagnoli's polynomial), which zlib does not have.
enum CRC32C {
  /// What a byte makes of the sum, and what it makes of it 1 to 7 bytes later: eight are looked up
  /// at a time (Kounavis and Berry, *A systematic approach to building high performance
  /// software-based CRC generators*, 2005).
  private static let tables: [UInt32] = {
    var tables = (0..<256).map(remainder)
    for place in 256..<8 * 256 {
      let before = tables[place - 256]
      tables.append(before >> 8 ^ tables[Int(before & 0xFF)])
    }
    return tables
  }()

  private static func remainder(_ byte: Int) -> UInt32 {
    var sum = UInt32(byte)
    for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
    return sum
  }

  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { tables in
      var (sum, place) = (~UInt32(0), 0)
      while place + 8 <= bytes.count {
        let low = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
        let high = UInt32(
          littleEndian: bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self))
        sum = word(sum ^ low, tables, 7) ^ word(high, tables, 3)
        place += 8
      }
      while place < bytes.count {
        sum = sum >> 8 ^ tables[Int((sum ^ UInt32(bytes[place])) & 0xFF)]
        place += 1
      }
      return ~sum
    }
  }

  /// What four bytes make of the sum, the first of them so many bytes before the last of eight.
  @inline(__always)
  private static func word(
    _ bytes: UInt32, _ tables: UnsafeBufferPointer<UInt32>, _ first: Int
  ) -> UInt32 {
    var sum = tables[first * 256 + Int(bytes & 0xFF)]
    sum ^= tables[(first - 1) * 256 + Int(bytes >> 8 & 0xFF)]
    sum ^= tables[(first - 2) * 256 + Int(bytes >> 16 & 0xFF)]
    return sum ^ tables[(first - 3) * 256 + Int(bytes >> 24)]
  }
}
