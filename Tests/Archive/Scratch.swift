import Foundation
import KeelArchive
import KeelAuthoring
import Testing

/// A folder of one test's own, gone when the test is over.
final class Scratch: Sendable {
  let path: String

  init() throws {
    path = "\(NSTemporaryDirectory())keel-archive-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try write(name, Data(text.utf8))
  }

  @discardableResult
  func write(_ name: String, _ data: Data) throws -> String {
    try data.write(to: URL(fileURLWithPath: self(name)))
    return self(name)
  }

  /// What is in the folder, hidden files included.
  var contents: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

/// The error of something that must fail.
func failure(
  _ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> KeelError {
  let error = #expect(throws: KeelError.self, sourceLocation: location) { try body() }
  return try #require(error, sourceLocation: location)
}

/// A recipe that trains, with one line of it replaced or left out, and lines added.
struct Draft {
  private var lines = [
    ("data", "{spirals: {samples: 60}}"),
    ("model", "[{dense: 4}, relu, {dense: 3}]"),
    ("loss", "softmax-cross-entropy"),
    ("optimizer", "sgd"),
    ("training", "{epochs: 1, batch: 20}"),
  ]

  static let plain = Draft()

  func with(_ key: String, _ value: String?) -> Draft {
    var draft = self
    draft.lines.removeAll { $0.0 == key }
    if let value { draft.lines.append((key, value)) }
    return draft
  }

  var text: String { lines.map { "\($0.0): \($0.1)\n" }.joined() }

  /// The recipe this text is.
  func recipe() throws -> Recipe {
    try Recipe(RecipeFile.settings(yaml: text, named: "draft.yaml"))
  }
}
