import KeelReport
import Testing

/// Lines that a window holds: no word is broken, and a command can still be pasted.
struct FittedTests {
  @Test func wordsStayWhole() {
    #expect(Text.fitted("short", to: 20) == ["short"])
    #expect(
      Text.fitted("  the cause is here and its proof too", to: 20)
        == ["  the cause is here", "    and its proof", "    too"])
    #expect(Text.fitted("  a " + String(repeating: "x", count: 30), to: 20).count == 2)
  }

  @Test func aCommandGoesOnBehindABackslash() {
    let lines = Text.fitted("  keel train r.yaml --set 'a=1' --set 'b=2'  # see it", to: 24)
    #expect(
      lines == [
        "  keel train r.yaml \\", "    --set 'a=1' --set \\", "    'b=2'", "      # see it",
      ])
  }

  @Test func theRestStandsBelowTheText() {
    #expect(
      Text.fitted("cause   a rate that is far too large", to: 24)
        == ["cause   a rate that is", "        far too large"])
  }
}
