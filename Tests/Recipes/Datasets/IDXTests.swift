import CZlib
import Foundation
import KeelData
import KeelEngine
import KeelRecipes
import KeelSettings
import Testing

/// The bytes of an IDX file: magic number, extents, data.
private func idx(_ magic: UInt32, _ axes: [UInt32], _ data: [UInt8]) -> [UInt8] {
  ([magic] + axes).flatMap { word in withUnsafeBytes(of: word.bigEndian, Array.init) } + data
}

struct IDXTests {
  let folder: DataFolder
  let images = idx(0x803, [3, 2, 2], [0, 51, 102, 255, 1, 2, 3, 4, 5, 6, 7, 8])
  let labels = idx(0x801, [3], [7, 0, 255])

  init() throws { folder = try DataFolder() }

  func pair(_ images: [UInt8], _ labels: [UInt8]) throws -> Choice<Datasets> {
    try folder.write("images", images)
    try folder.write("labels", labels)
    return .idx(images: "images", labels: "labels")
  }

  func zip(_ name: String, _ bytes: [UInt8]) throws -> [UInt8] {
    let path = "\(folder.path)/\(name)"
    let file = try #require(gzopen(path, "wb"))
    #expect(bytes.isEmpty || gzwrite(file, bytes, UInt32(bytes.count)) == Int32(bytes.count))
    #expect(gzclose(file) == Z_OK)
    return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  // MARK: what is read

  @Test func flatBytesAndLabels() throws {
    let rows = try pair(images, labels).member.load(from: folder.path, seed: 0).train
    #expect(rows.inputs == [0, 51, 102, 255, 1, 2, 3, 4, 5, 6, 7, 8])
    #expect(rows.shape == Shape(4))
    #expect(rows.isHomogeneous)
    #expect(rows.targets == Targets(values: .classes([7, 0, 255]), columns: 1))
  }

  @Test func compressedAsWellAsPlain() throws {
    let plain = try pair(images, labels).member.load(from: folder.path, seed: 0).train
    _ = try zip("images.gz", images)
    _ = try zip("labels.gz", labels)
    let packed = try Choice<Datasets>.idx(images: "images.gz", labels: "labels.gz")
      .member.load(from: folder.path, seed: 0).train
    #expect(packed.inputs == plain.inputs)
    #expect(packed.targets == plain.targets)
    #expect(packed.isHomogeneous)
  }

  @Test func dividesAndSplits() throws {
    _ = try pair(images, labels)
    let parts = try Choice<Datasets>.idx(
      images: "images", labels: "labels", divide: 255, test: .count(1)
    ).member.load(from: folder.path, seed: 0)
    #expect(parts.train.inputs == [0, 51, 102, 255, 1, 2, 3, 4].map { $0 / 255 })
    #expect(parts.test?.inputs == ([5, 6, 7, 8] as [Float]).map { $0 / 255 })
    #expect(parts.test?.targets.values == .classes([255]))
    #expect(parts.test?.isHomogeneous == true)
  }

  @Test(arguments: [[2], [2, 3], [2, 3, 1], [2, 1, 3, 2]] as [[UInt32]])
  func oneToFourAxes(_ axes: [UInt32]) throws {
    let width = Int(axes.dropFirst().reduce(1, *))
    let data = (0..<2 * width).map { UInt8($0) }
    let rows = try pair(idx(0x800 + UInt32(axes.count), axes, data), idx(0x801, [2], [0, 1]))
      .member.load(from: folder.path, seed: 0).train
    #expect(rows.shape == Shape(width))
    #expect(rows.inputs == data.map(Float.init))
  }

  @Test func renamesBothFiles() {
    var idx = IDX()
    (idx.images, idx.labels) = ("a", "b")
    let moved = idx.renamed { "up/\($0)" }
    #expect(moved.images == "up/a" && moved.labels == "up/b")
  }

  // MARK: what is refused

  struct Refusal: CustomTestStringConvertible, Sendable {
    var images: [UInt8]
    var labels: [UInt8] = idx(0x801, [3], [7, 0, 255])
    var message: String
    var testDescription: String { message }
  }

  static let good = idx(0x803, [3, 1, 1], [1, 2, 3])

  @Test(arguments: [
    Refusal(images: [], message: "images: the file is empty; name a file that holds data"),
    Refusal(
      images: [0, 0, 8],
      message: "images: is too short for the header of an IDX file; name a file of images in the "
        + "IDX format"),
    Refusal(
      images: Array(good.prefix(15)),
      message: "images: is too short for the header of an IDX file; name a file of images in the "
        + "IDX format"),
    Refusal(
      images: good, labels: [0, 0, 8, 1, 0],
      message: "labels: is too short for the header of an IDX file; name a file of labels in the "
        + "IDX format"),
    Refusal(
      images: idx(0xd03, [3, 1, 1], [1, 2, 3]),
      message: "images: begins with 0x00000d03, not with 0x00000803, images of bytes; name a file "
        + "of images in the IDX format"),
    Refusal(
      images: idx(0x805, [1, 1, 1, 1, 1], [1]),
      message: "images: begins with 0x00000805, not with 0x00000803, images of bytes; name a file "
        + "of images in the IDX format"),
    Refusal(
      images: good, labels: good,
      message: "labels: begins with 0x00000803, not with 0x00000801, labels of bytes; name a file "
        + "of labels in the IDX format"),
    Refusal(
      images: idx(0x803, [0, 28, 28], []),
      message: "images: holds no images; name a file that holds data"),
    Refusal(
      images: good, labels: idx(0x801, [0], []),
      message: "labels: holds no labels; name a file that holds data"),
    Refusal(
      images: idx(0x803, [3, 0, 1], []),
      message: "images: axis 2 of the header is 0; name a file that holds data"),
    Refusal(
      images: idx(0x803, [3, 1, 1], [1, 2]),
      message: "images: the header promises 19 bytes, the file has 18; copy or download the file "
        + "again"),
    Refusal(
      images: idx(0x803, [3, 1, 1], [1, 2, 3, 4]),
      message: "images: the header promises 19 bytes, the file has 20; copy or download the file "
        + "again"),
    Refusal(
      images: idx(0x803, [1 << 31, 1, 1], [1, 2, 3]),
      message: "images: the header promises 2147483664 bytes, the file has 19; copy or download "
        + "the file again"),
    Refusal(
      images: idx(0x803, [.max, .max, .max], [1, 2, 3]),
      message: "images: the header promises more than 9223372036854775807 bytes, the file has 19; "
        + "copy or download the file again"),
    Refusal(
      images: idx(0x803, [1 << 31, 1 << 31, 2], [1, 2, 3]),
      message: "images: the header promises more than 9223372036854775807 bytes, the file has 19; "
        + "copy or download the file again"),
    Refusal(
      images: good, labels: idx(0x801, [2], [7, 0]),
      message: "images: holds 3 images, but labels 2 labels; name two files that belong together"),
  ])
  func refuses(_ refusal: Refusal) throws {
    let error = try folder.error(pair(refusal.images, refusal.labels))
    #expect(error?.description == refusal.message)
    #expect(error?.kind == .invalid)
  }

  @Test func refusesDamagedCompression() throws {
    let noise = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 >> 3) }
    let packed = try zip("images.gz", idx(0x803, [5, 10, 100], noise))
    let broken =
      "images: the gzip data breaks off; copy or download the file again: its end is missing"
    for count in [3, 11, 30, packed.count / 2, packed.count - 9, packed.count - 1] {
      let error = try folder.error(pair(Array(packed.prefix(count)), labels))
      #expect(error?.description == broken, "\(count) of \(packed.count) bytes")
    }
    let corrupt = "images: the gzip data is corrupt; copy or download the file again"
    for index in [2, packed.count - 8, packed.count - 4] {
      var damaged = packed
      damaged[index] ^= 0x5a
      #expect(try folder.error(pair(damaged, labels))?.description == corrupt, "byte \(index)")
    }
  }

  @Test func refusesSizesThatCompressionHides() throws {
    func message(_ axes: [UInt32], _ count: Int) throws -> String? {
      let packed = try zip("images.gz", idx(0x803, axes, [UInt8](repeating: 0, count: count)))
      #expect(packed.count < 8_000)
      return try folder.error(pair(packed, labels))?.description
    }
    let fix = "copy or download the file again"
    #expect(
      try message([3, 2, 2], 11)
        == "images: the header promises 28 bytes, the file has 27; \(fix)")
    #expect(
      try message([3, 2, 2], 13)
        == "images: the header promises 28 bytes, the file has 29; \(fix)")
    // Two bombs: a small header before much data, and a large header before little.
    #expect(
      try message([3, 2, 2], 4_000_000)
        == "images: the header promises 28 bytes, the file has at least 65564; \(fix)")
    let size = try zip("images.gz", idx(0x803, [1 << 31, 1, 1], [0])).count
    #expect(
      try message([1 << 31, 1, 1], 1)
        == "images: the header promises 2147483664 bytes, the file has at most \(size * 1032); "
        + fix)
  }

  @Test func refusesWhatIsNoFile() throws {
    try folder.write("images", images)
    let missing = folder.error(.idx(images: "images", labels: "labels"))
    #expect(missing?.kind == .missing)
    #expect(
      missing?.description == "labels: there is no such file; check the name; the file was looked "
        + "for at \(folder.path)/labels")
    #expect(
      folder.error(.idx(images: ".", labels: "labels"))?.description
        == ".: is a directory; name a file in it")
  }

  @Test func refusesADivisorOfNothing() {
    #expect(
      folder.error(.idx(images: "a", labels: "b", divide: 0))?.description
        == "data.idx.divide: 0 is out of range; write a number above 0")
    #expect(
      folder.error(.idx(images: "a", labels: "b", divide: 1e-37))?.description
        == "data.idx.divide: 255 / 1e-37 does not fit float32 (±3.4e38); divide by a larger number")
  }
}
