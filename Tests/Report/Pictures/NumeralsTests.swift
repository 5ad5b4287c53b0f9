import KeelReport
import Testing

struct NumeralsTests {
  @Test func threeDigits() {
    let expected: [(Double, String)] = [
      (0, "0"), (-0.0, "0"), (1, "1"), (0.0123, "0.0123"), (0.99999, "1"), (9.999, "10"),
      (123.4, "123"), (999.9, "1,000"), (1234, "1,230"), (65504, "65,500"), (1e-3, "0.001"),
      (1.234e7, "1.23×10⁷"), (1e9, "10⁹"), (-2.5e-6, "−2.5×10⁻⁶"), (.nan, "NaN"),
      (.infinity, "∞"), (-.infinity, "−∞"),
    ]
    for (value, text) in expected { #expect(Numerals.short(value) == text) }
  }

  @Test func thousandsAreSetApart() {
    #expect(
      [0, 999, 1000, -1_234_567, Int.min].map(Numerals.count) == [
        "0", "999", "1,000", "−1,234,567", "−9,223,372,036,854,775,808",
      ])
  }

  @Test func powersAndShares() {
    #expect(Numerals.power(-149, of: 2) == "2⁻¹⁴⁹")
    #expect(
      [0, 0.0001, 0.62, 0.9999, 1].map(Numerals.percent) == [
        "0 %", "<1 %", "62 %", ">99 %", "100 %",
      ])
  }
}
