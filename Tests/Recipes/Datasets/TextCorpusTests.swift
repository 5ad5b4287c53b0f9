import Foundation
import KeelData
import KeelEngine
import KeelRecipes
import KeelSettings
import Testing

@Suite struct TextCorpusTests {
  /// Loads a text written to a file of its own.
  private func load(_ bytes: [UInt8], length: Int = 3, test: TestPart = .none) throws -> DataSplit {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "keel-text-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(bytes).write(to: folder.appendingPathComponent("poem.txt"))
    let text = Choice<Datasets>.text("poem.txt", length: length, test: test)
    return try text.member.load(from: folder.path, seed: 0)
  }

  private func load(_ text: String, length: Int = 3, test: TestPart = .none) throws -> DataSplit {
    try load(Array(text.utf8), length: length, test: test)
  }

  private func message(_ bytes: [UInt8], length: Int = 3, test: TestPart = .none) -> String {
    do {
      _ = try load(bytes, length: length, test: test)
      return "loaded"
    } catch { return "\(error)" }
  }

  /// Rows do not overlap; every character but the first is a target once.
  @Test func rowsAndTargets() throws {
    let rows = try load("abcabda").train
    #expect(rows.shape == Shape(3) && rows.count == 2)
    #expect(rows.inputs == [0, 1, 2, 0, 1, 3])
    #expect(rows.targets.values == .classes([1, 2, 0, 1, 3, 0]))
    #expect(rows.targets.positions == 3 && rows.targets.names == ["a", "b", "c", "d"])
  }

  @Test func theEndThatFillsNoRowIsLeftOut() throws {
    #expect(try load("abcabdab").train.count == 2)
    #expect(try load("abcabdabc").train.count == 2)
    #expect(try load("abcabdabca").train.count == 3)
    // It belongs to the vocabulary all the same.
    #expect(try load("abcdez").train.targets.names?.last == "z")
  }

  /// Unicode scalars, in their order; a line end of two characters is two.
  @Test func vocabulary() throws {
    let rows = try load("é→a\r\né🌊", length: 6).train
    #expect(rows.targets.names == ["\n", "\r", "a", "é", "→", "🌊"])
    #expect(rows.inputs == [3, 4, 2, 1, 0, 3])
  }

  @Test func lastRowsAreTheTestPart() throws {
    let parts = try load("abcabdabcabda", test: .count(1))
    #expect(parts.train.count == 3)
    #expect(parts.test?.inputs == [0, 1, 3])
  }

  @Test func filesThatCannotBeUsed() {
    #expect(message([]).hasPrefix("poem.txt: the file is empty"))
    #expect(
      message([97, 98, 0xff, 97]) == "poem.txt: is not text in UTF-8: byte 0xFF on line 1; "
        + "save the data as text in UTF-8")
    #expect(
      message(Array("abc".utf8)) == "poem.txt: has 3 characters, a row of 3 and the one that "
        + "follows take 4; use a longer text, or a smaller length")
    #expect(message(Array("a".utf8), length: 1).contains("has 1 character, a row of 1"))
    #expect(message(Array("abcd".utf8)) == "loaded")
    #expect(
      message(Array("abcd".utf8), test: .count(1))
        == "data.text: test: 1 takes 1 of 1 rows; leave at least one row to test and one to train")
    #expect(message([97, 0, 98, 99]).contains("is binary, not text"))
    #expect(message([0x1f, 0x8b, 8, 0]).contains("gzip"))
  }

  @Test func fileThatIsNotThere() {
    let error = #expect(throws: KeelError.self) {
      try Choice<Datasets>.text("no-such-poem.txt").member.load(from: "/tmp", seed: 0)
    }
    #expect(error?.kind == .missing)
  }

  @Test(arguments: [0, -1, 1 << 25, .max]) func absurdLengths(length: Int) {
    let error = #expect(throws: KeelError.self) {
      try Choice<Datasets>.text("poem.txt", length: length).member.load(from: "/tmp", seed: 0)
    }
    #expect(error?.kind == .invalid && error?.place == "data.text.length", "\(error?.place ?? "")")
  }
}
