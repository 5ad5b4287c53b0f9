import Foundation
import KeelData
import KeelEngine
import KeelSettings

/// The characters of a file, for language modelling: what is asked for is the one that comes next.
///
/// **Definition** The vocabulary is the file's distinct characters (Unicode scalars), sorted; an id
/// is a character's place in it. The text is cut into pieces of `length`, one after another; the
/// characters at the end that fill no piece are left out. A row is a piece, its targets the
/// characters that follow each of its own.
///
/// **Shapes** Inputs [length], ids as numbers; one class a position, whose names are the
/// characters. The model begins with an `embedding` of at least as many tokens as the vocabulary
/// has, and ends in as many classes.
///
/// **Errors** `KeelError` with the file as its place: a file that is not UTF-8, that is empty, or
/// shorter than `length` + 1 characters.
public struct TextCorpus: Dataset {
  public static let name = "text"
  public static let summary = "characters of a file; the next one is the target"
  public static let fields: [Field<TextCorpus>] = [
    .init("file", \.file, required: true, "file name, relative to the recipe's folder"),
    .init("length", \.length, lengthLimits, "characters a row"),
    .init("test", \.test, "the last rows: a fraction, or a count"),
  ]
  /// The file of text (UTF-8), relative to the recipe.
  public var file = ""
  /// Characters of a row.
  public var length = 64
  /// The last rows, kept apart for testing.
  public var test = TestPart.none

  /// Far beyond any attention that fits memory, and no danger to a product of extents.
  private static let lengthLimits = NumberRange(minimum: 1, maximum: 0x1p24)

  public init() {}

  public func load(from folder: String, seed: UInt64) throws -> DataSplit {
    try check()
    let source = try DataFile(file, in: folder)
    let scalars = Array(String(decoding: try source.text(), as: UTF8.self).unicodeScalars)
    // A row's last target is the first character of the next row.
    let count = (scalars.count - 1) / length
    guard count > 0 else {
      throw source.error(
        "has \(scalars.count) \(scalars.count == 1 ? "character" : "characters"), a row of "
          + "\(length) and the one that follows take \(length + 1)",
        fix: "use a longer text, or a smaller length")
    }
    try checkMemory(samples: count, numbers: 2 * length)
    let vocabulary = Set(scalars).sorted()
    let place = Dictionary(uniqueKeysWithValues: zip(vocabulary, Int32(0)...))
    let ids = scalars[...(count * length)].map {
      place[$0].required("every character is in the vocabulary")
    }
    var rows = Examples(
      inputs: ids.dropLast().map(Float.init), shape: Shape(length),
      targets: Targets(
        values: .classes(Array(ids.dropFirst())), columns: 1, positions: length,
        names: vocabulary.map(String.init)))
    rows.source = (file, 1)
    return try test.split(rows, at: "data.text")
  }

  public func renamed(_ rename: (String) -> String) -> TextCorpus {
    var copy = self
    copy.file = rename(file)
    return copy
  }
}

extension Choice where F == Datasets {
  /// `text: {file: …, length: …, test: …}` in a recipe.
  public static func text(_ file: String, length: Int = 64, test: TestPart = .none) -> Choice {
    var text = TextCorpus()
    (text.file, text.length, text.test) = (file, length, test)
    return Choice(text)
  }
}
