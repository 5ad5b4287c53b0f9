import KeelReport
import Testing

struct TruthTablePictureTests {
  @Test func outcomesAreWords() throws {
    let picture = try #require(
      TruthTablePicture(
        factors: ["learning-rate", "initializer"],
        experiments: [
          .init(isKept: [true, true], outcome: .explodes, steps: 431),
          .init(isKept: [false, true], outcome: .doesNotLearn, steps: 1647),
        ]))
    let drawn = try #require(Drawn(picture.svg))
    for text in ["learning-rate", "initializer", "explodes", "does not learn", "1,647"] {
      #expect(drawn.texts.contains(text))
    }
    #expect(
      picture.table.rows == [
        ["1", "kept", "kept", "explodes", "431"],
        ["2", "reset", "kept", "does not learn", "1,647"],
      ])
    #expect(picture.description.contains("explodes: 1, does not learn: 1"))
  }

  @Test func whatDoesNotFitIsCounted() throws {
    let picture = try #require(
      TruthTablePicture(
        factors: (1...20).map { "factor-\($0)" },
        experiments: (1...100).map { .init(isKept: [true], outcome: .holds, steps: $0) }))
    let drawn = try #require(Drawn(picture.svg))
    #expect(drawn.texts.contains("6 more factors are not shown"))
    #expect(drawn.texts.contains("60 more experiments are not shown"))
    #expect(drawn.outside.isEmpty)
  }
}
