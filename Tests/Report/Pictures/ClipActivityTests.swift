import KeelReport
import Testing

struct ClipActivityTests {
  @Test func theShareIsInTheTitle() throws {
    // Nothing in the first two thirds; in the last, 62 of 100 steps.
    let before = (0..<300).map { $0 < 238 ? Float(0.5) : 4 }
    let picture = try #require(
      ClipActivity(
        before: StepSeries(before), after: StepSeries(before.map { min($0, 1) }), limit: 1))
    #expect(picture.title == "Clipping acted in 21 % of the steps, in 62 % of the last third")
    let drawn = try #require(Drawn(picture.svg))
    for text in ["before 4", "after 1", "limit 1", "share of steps in which it acted"] {
      #expect(drawn.texts.contains(text))
    }
  }

  @Test func stepsThatAreLostAreNoClipping() throws {
    let lost = StepSeries([1, .nan, .infinity])
    let picture = try #require(ClipActivity(before: lost, after: lost))
    #expect(picture.title.hasPrefix("Clipping acted in 0 % of the steps"))
    #expect(try #require(Drawn(picture.svg)).brokenAttributes == [])
  }
}
