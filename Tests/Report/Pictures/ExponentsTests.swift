import KeelReport
import Testing

struct ExponentsTests {
  @Test func valuesAreCountedByPowersOfTwo() {
    let series = Exponents.Series(
      "weights", of: [0.75, -0.5, 1, 3, 0, .nan, -.infinity, .leastNonzeroMagnitude])
    #expect(series.counts == [-1: 2, 0: 1, 1: 1, -149: 1])
    #expect(series.zeros == 1 && series.nonFinite == 2)
  }

  @Test func limitsAreNamed() throws {
    let picture = try #require(
      Exponents([.init("gradients", of: [1, 1e-37, 1e5, 0, .infinity])]))
    let drawn = try #require(Drawn(picture.svg))
    for text in [
      "float16 smallest 2⁻²⁴", "float16 ends at 65,504 ≈ 2¹⁶", "float32 normal from 2⁻¹²⁶",
    ] {
      #expect(drawn.texts.contains(text))
    }
    #expect(picture.description.contains("5 values, 1 zero, 1 not finite, 20 % too small for"))
  }

  @Test func nothingFiniteIsStillAPicture() throws {
    let picture = try #require(Exponents([.init("gradients", of: [.nan, 0])]))
    #expect(try #require(Drawn(picture.svg)).brokenAttributes == [])
    #expect(picture.table.rows == [["zero", "1"], ["not finite", "1"]])
  }
}
