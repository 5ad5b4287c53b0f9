import KeelFaultJudge
import Testing

@Suite struct ShareTests {
  /// Newcombe, *Two-sided confidence intervals for the single proportion*, 1998, table I, method 3.
  @Test(arguments: [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)])
  func intervalIsThatOfTheReference(_ part: Int, _ whole: Int, _ low: Double, _ high: Double)
    throws
  {
    let interval = try #require(Share(part, of: whole).interval)
    #expect(abs(interval.lowerBound - low) < 5e-5)
    #expect(abs(interval.upperBound - high) < 5e-5)
  }

  @Test func nothingHasNoShare() { #expect(Share(0, of: 0).text == "–") }
}
