import KeelEngine
import Testing

/// Nothing that a terminal would obey is shown as it is.
struct ShownTests {
  @Test(arguments: [
    ("plain text, ünïcödé ✓", "plain text, ünïcödé ✓"),
    ("\u{1B}[31mred\u{7}", "\\u{1B}[31mred\\u{7}"), ("a\nb\tc", "a\\u{A}b\\u{9}c"),
    ("\u{202E}evil\u{2066}", "\\u{202E}evil\\u{2066}"),
    ("\u{2028}\u{2029}\u{85}\u{9B}31m", "\\u{2028}\\u{2029}\\u{85}\\u{9B}31m"),
  ])
  func isEscaped(_ text: String, _ expected: String) { #expect(shown(text) == expected) }

  @Test func isCut() {
    #expect(shown(String(repeating: "x", count: 10_000), limit: 5) == "xxxxx…")
    #expect(shown("xxxxx", limit: 5) == "xxxxx")
  }
}
