import KeelReport
import Testing

struct SVGTests {
  @Test func markupIsEscaped() {
    #expect(
      SVG.escaped("<a href=\"x\">'&'</a>")
        == "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;")
  }

  @Test(
    arguments: [
      0, 0x1B, 0x7F, 0x9B, 0x200F, 0x202A, 0x202E, 0x2066, 0x2069, 0xFDD0, 0xFFFE, 0x1FFFF,
    ] as [UInt32])
  func harmfulScalarsAreReplaced(_ value: UInt32) throws {
    let scalar = try #require(Unicode.Scalar(value))
    #expect(SVG.escaped("a\(scalar)b") == "a\u{FFFD}b")
  }

  @Test func lettersOfAllScriptsStay() {
    let text = "层 Schicht слой طبقة 👩‍🔬 10⁻³"
    #expect(SVG.escaped(text) == text)
  }

  @Test func aLongNameLosesItsMiddle() {
    let name = String(repeating: "a", count: 5000) + String(repeating: "b", count: 5000)
    #expect(SVG.cut(name, to: 7) == "aaa…bbb")
    #expect(SVG.cut("abcdefg", to: 7) == "abcdefg")
    #expect(SVG.width(of: SVG.fitted(name, to: 100)) <= 100)
  }

  @Test func coordinatesAreShort() {
    #expect(
      [12, 0.5, -0.04, -0.25, 1e300, .nan, .infinity].map(SVG.number) == [
        "12", "0.5", "0", "-0.3", "100000000000000", "0", "100000000000000",
      ])
  }

  @Test func linesBreakBetweenWords() {
    #expect(SVG.lines("aaaa bbbb cccc", width: 90) == ["aaaa bbbb", "cccc"])
  }
}
