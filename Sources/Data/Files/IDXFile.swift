import KeelEngine

/// A file of unsigned bytes in the IDX format: a magic number, the extent of each axis (the first
/// counts the rows), then the bytes.
///
/// **References** Y. LeCun, C. Cortes, C. Burges, *The MNIST database of handwritten digits*.
package struct IDXFile {
  package enum Content {
    case images, labels

    /// How many axes it may have; images are usually rows × columns, after the count.
    var axes: ClosedRange<Int> { self == .images ? 1...4 : 1...1 }

    var magic: String {
      self == .images ? "0x00000803, images of bytes" : "0x00000801, labels of bytes"
    }
  }

  package let count: Int
  /// One row.
  package let shape: Shape
  package let bytes: [UInt8]

  package init(_ file: DataFile, as content: Content) throws {
    let reader = try GzipReader(file)
    let axes = try Self.readAxes(reader, content)
    if let empty = axes.firstIndex(of: 0) {
      throw file.error(
        empty == 0 ? "holds no \(content)" : "axis \(empty + 1) of the header is 0",
        fix: "name a file that holds data")
    }
    let header = 4 + 4 * axes.count
    let (total, overflows) = Shape(axes).count.addingReportingOverflow(header)
    bytes = try Self.readBytes(reader, header: header, total: overflows ? .max : total)
    count = axes[0]
    shape = axes.count == 1 ? Shape(1) : Shape(Array(axes.dropFirst()))
  }

  private static func readAxes(_ reader: borrowing GzipReader, _ content: Content) throws -> [Int] {
    let magic = try reader.read(4)
    if magic.count == 4 {
      guard magic[..<3] == [0, 0, 8], content.axes.contains(Int(magic[3])) else {
        let hex = magic.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        throw reader.file.error(
          "begins with 0x\(hex), not with \(content.magic)",
          fix: "name a file of \(content) in the IDX format")
      }
      let extents = try reader.read(4 * Int(magic[3]))
      if extents.count == 4 * Int(magic[3]) {
        return stride(from: 0, to: extents.count, by: 4).map { start in
          extents[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
        }
      }
    }
    throw reader.file.error(
      "is too short for the header of an IDX file",
      fix: "name a file of \(content) in the IDX format")
  }

  /// Everything after the header, if it is as much as the header says.
  private static func readBytes(
    _ reader: borrowing GzipReader, header: Int, total: Int
  ) throws -> [UInt8] {
    let largest = reader.largestCount
    guard total <= largest, reader.isCompressed || total == largest else {
      let most = reader.isCompressed ? "at most " : ""
      throw mismatch(reader.file, total, "the file has \(most)\(largest)")
    }
    // As numbers the bytes take four times their room, and as much again when they are split.
    guard total <= 1 << 32, total <= Planner.memoryLimit / 9 else {
      throw reader.file.error(
        "\(total) bytes do not fit memory", fix: "use a smaller part of the data")
    }
    let bytes = try reader.read(total - header)
    let margin = 1 << 16
    let rest = try reader.read(margin).count
    guard bytes.count == total - header, rest == 0 else {
      let most = rest == margin ? "at least " : ""
      throw mismatch(reader.file, total, "the file has \(most)\(header + bytes.count + rest)")
    }
    return bytes
  }

  private static func mismatch(_ file: DataFile, _ total: Int, _ actual: String) -> KeelError {
    let promised = total == .max ? "more than \(Int.max)" : "\(total)"
    return file.error(
      "the header promises \(promised) bytes, \(actual)",
      fix: "copy or download the file again")
  }
}
