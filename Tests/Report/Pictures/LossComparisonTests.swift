import KeelReport
import Testing

struct LossComparisonTests {
  private static func line(_ name: String, _ values: [Float]) -> LossComparison.Line {
    LossComparison.Line(name, StepSeries(values))
  }

  @Test func everyRunHasItsLineAndName() throws {
    let picture = try #require(
      LossComparison([
        Self.line("one", [3, 2, 1]), Self.line("lost", [1, 1e20, .nan, .nan]),
        Self.line("empty", []), Self.line(String(repeating: "long ", count: 40), [0, -1, 2]),
      ]))
    let drawn = try #require(Drawn(picture.svg))
    #expect(drawn.texts.contains("one: 1") && drawn.texts.contains("lost: NaN"))
    #expect(!drawn.texts.contains { $0.hasPrefix("empty") } && drawn.outside.isEmpty)
    #expect(picture.title == "Loss of 3 runs by step")
    #expect(picture.table.rows.map { $0[4] } == ["0", "2", "0"])
  }

  @Test func nothingIsNoPicture() {
    #expect(LossComparison([]) == nil && LossComparison([Self.line("empty", [])]) == nil)
    #expect(Sparkline([]) == nil)
  }

  /// It has no text, and hides from those who hear the page: the numbers stand beside it.
  @Test func aSparklineHasNoWords() throws {
    let svg = try #require(Sparkline([3, 2, .infinity, .nan, 1])).svg
    #expect(svg.contains("aria-hidden=\"true\"") && !svg.contains("<text"))
    #expect(svg.contains("thick alarm"))
    #expect(Drawn(try #require(Sparkline([.nan])).svg)?.outside.isEmpty ?? true)
  }
}
