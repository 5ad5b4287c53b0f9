import KeelData
import KeelEngine
import KeelSettings

/// Images and labels of MNIST and its kin: two files of bytes in the IDX format, each plain or
/// compressed with gzip.
///
/// **Definition** Input = byte / `divide`. 255 scales pixels to [0, 1]; the default, 1, leaves them
/// as they are.
///
/// **Shapes** Inputs [rows · columns], flat, in one unit; classes are the labels as they stand.
///
/// **Errors** `KeelError` with the file as its place: a file that is not IDX, whose header and size
/// disagree, or whose compressed data is damaged. Sizes are compared before memory is asked for.
///
/// **References** Y. LeCun, C. Cortes, C. Burges, *The MNIST database of handwritten digits*.
public struct IDX: Dataset {
  public static let name = "idx"
  public static let summary = "images and labels in the IDX format of MNIST, plain or .gz"
  public static let fields: [Field<IDX>] = [
    .init("images", \.images, required: true, "file name, relative to the recipe's folder"),
    .init("labels", \.labels, required: true, "file name, relative to the recipe's folder"),
    .init("divide", \.divide, .positive, "what every byte is divided by"),
    .init("test", \.test, "the last rows: a fraction, or a count"),
  ]
  /// The file of inputs, relative to the recipe.
  public var images = ""
  /// The file of labels, relative to the recipe.
  public var labels = ""
  /// What every input is divided by.
  public var divide = 1.0
  /// The last rows, kept apart for testing.
  public var test = TestPart.none

  public init() {}

  public func validate(at path: String) throws {
    guard 255 / divide <= NumberRange.greatest else {
      throw KeelError(
        .invalid, at: "\(path).divide", "255 / \(divide) does not fit float32 (±3.4e38)",
        fix: "divide by a larger number")
    }
  }

  public func load(from folder: String, seed: UInt64) throws -> DataSplit {
    try check()
    let pixels = try IDXFile(DataFile(images, in: folder), as: .images)
    let classes = try IDXFile(DataFile(labels, in: folder), as: .labels)
    guard pixels.count == classes.count else {
      throw KeelError(
        .invalid, at: images, "holds \(pixels.count) images, but \(labels) \(classes.count) labels",
        fix: "name two files that belong together")
    }
    let values = (0...255).map { Float(Double($0) / divide) }
    let inputs = [Float](unsafeUninitializedCapacity: pixels.bytes.count) { buffer, count in
      for byte in pixels.bytes {
        buffer[count] = values[Int(byte)]
        count += 1
      }
    }
    let targets = Targets(values: .classes(classes.bytes.map(Int32.init)), columns: 1)
    var rows = Examples(inputs: inputs, shape: Shape(pixels.shape.count), targets: targets)
    rows.isHomogeneous = true
    rows.source = (labels, 1)
    return try test.split(rows, at: "data.idx")
  }

  public func renamed(_ rename: (String) -> String) -> IDX {
    var copy = self
    (copy.images, copy.labels) = (rename(images), rename(labels))
    return copy
  }
}

extension Choice where F == Datasets {
  /// `idx: {images: …, labels: …, divide: …, test: …}` in a recipe.
  public static func idx(
    images: String, labels: String, divide: Double = 1, test: TestPart = .none
  ) -> Choice {
    var idx = IDX()
    (idx.images, idx.labels) = (images, labels)
    (idx.divide, idx.test) = (divide, test)
    return Choice(idx)
  }
}
