import KeelReport
import Testing

struct GainsTests {
  @Test func productsAreSaidWithTheirWay() throws {
    let gains = try #require(
      Gains(
        (1...9).map {
          Gains.Layer("dense-\($0)", forward: 1, backward: 10, backwardTheory: 2)
        }))
    let drawn = try #require(Drawn(gains.svg))
    #expect(drawn.says("backward × 10⁹ from dense-9 to dense-1 (theory: × 512)"))
    #expect(drawn.says("forward × 1 from dense-1 to dense-9"))
    #expect(drawn.texts.contains("gain (ratio of norms, log scale; 1 keeps what goes through)"))
  }

  @Test func theoryIsOpenAndMeasurementFilled() throws {
    let gains = try #require(
      Gains([.init("a", forward: 2, backward: nil, forwardTheory: 1.9, backwardTheory: nil)]))
    let drawn = try #require(Drawn(gains.svg))
    #expect(drawn.all(class: "open").count == 2, "one in the legend, one in the row")
    #expect(drawn.texts.contains("forward, theory") && !drawn.texts.contains("backward, theory"))
  }

  @Test func aGainThatIsNoNumberIsCrossed() throws {
    let gains = try #require(
      Gains([
        .init("a", forward: .infinity, backward: .nan), .init("b", forward: 0, backward: 1),
      ]))
    let drawn = try #require(Drawn(gains.svg))
    #expect(drawn.says("NaN or ∞; zero at left") && drawn.brokenAttributes == [])
    #expect(gains.table.rows == [["a", "NaN", "∞", "–", "–"], ["b", "1", "0", "–", "–"]])
  }
}
