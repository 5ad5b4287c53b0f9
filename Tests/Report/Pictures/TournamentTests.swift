import KeelReport
import Testing

struct TournamentTests {
  @Test func aTrialSaysHowItEnded() throws {
    let picture = try #require(
      Tournament([
        .init("learning-rate 3 → 0.1", end: 3000, ending: .finished, score: 0.968, isChosen: true),
        .init("warm-up", end: 118, ending: .exploded),
        .init("clip", start: 384, end: 1500, ending: .stopped, score: 0.71),
      ]))
    let drawn = try #require(Drawn(picture.svg))
    for text in [
      "learning-rate 3 → 0.1", "chosen, to the end, score 0.968", "exploded at step 118",
      "stopped at step 1,500, score 0.71", "step (log scale)",
    ] { #expect(drawn.texts.contains(text)) }
    #expect(drawn.says("3 trials: 1 went on to the end, 1 stopped, 1 exploded"))
  }

  @Test func theChosenIsShownAmongMany() throws {
    let picture = try #require(
      Tournament(
        (1...100).map {
          .init("trial-\($0)", end: 50, ending: .exploded, isChosen: $0 == 77)
        }))
    let drawn = try #require(Drawn(picture.svg))
    #expect(drawn.texts.contains("trial-77") && drawn.texts.contains("trial-29"))
    #expect(!drawn.texts.contains("trial-30"))
    #expect(drawn.says("70 more trials are not shown, 70 of them exploded"))
  }
}
