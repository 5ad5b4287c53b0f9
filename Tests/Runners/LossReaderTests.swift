import KeelRunners
import Testing

/// Numbers as programs print them.
struct LossReaderTests {
  @Test(arguments: [
    ("0.25", 0.25), ("1e-3,", 1e-3), ("tensor(2.5,", 2.5), ("[3]", 3), ("'4'", 4), ("5.", 5),
    ("-7.5)", -7.5), ("inf", .infinity), ("-Infinity", -.infinity), ("+inf,", .infinity),
  ]) func isRead(text: String, value: Double) {
    #expect(LossReader.number(text) == value)
  }

  @Test(arguments: ["nan", "NaN,", "-nan", "+nan", "nan(ind)", "-nan(ind)", "1.#QNAN", "-1.#IND"])
  func isNotANumber(text: String) {
    #expect(LossReader.number(text)?.isNaN == true)
  }

  @Test(arguments: ["", "x", "0x10", "1,5", "1.084€", "nano", "info"]) func isNone(text: String) {
    #expect(LossReader.number(text) == nil)
  }
}
