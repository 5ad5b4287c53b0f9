import KeelReport
import Testing

struct AxisTests {
  @Test func stepsHaveRoundTicks() {
    #expect(
      Axis(steps: 0...1000).ticks.map(\.label) == [
        "0", "200", "400", "600", "800", "1,000",
      ])
    #expect(Axis(steps: 384...431).ticks.map(\.label) == ["390", "400", "410", "420", "430"])
    #expect(Axis(steps: 7...7).ticks.map(\.label) == ["7", "8"])
  }

  @Test func decadesAreWrittenAsPowers() {
    let axis = Axis(logarithmic: 2e-6...0.5)
    #expect(axis.ticks.map(\.label) == ["10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"])
    #expect(axis.position(1e-3) == 0.5)
  }

  @Test func aShortRangeHasOneTwoFive() {
    #expect(
      Axis(logarithmic: 0.03...0.4).ticks.map(\.label) == ["0.02", "0.05", "0.1", "0.2", "0.5"])
    #expect(Axis(logarithmic: 1...1).ticks.map(\.label) == ["1", "2"])
  }

  @Test func whatIsOutsideIsAtTheNearerEnd() {
    let axis = Axis(logarithmic: 0.1...1000)
    #expect([0, -3, 1e-30, 1e30, .infinity].map(axis.position) == [0, 0, 0, 1, 1])
  }

  @Test func theLargestNumbersHavePlaces() {
    let axis = Axis(logarithmic: 1e-300...Double.greatestFiniteMagnitude)
    #expect([1e-300, 1, .greatestFiniteMagnitude].map(axis.position) == [0, 0.5, 1])
  }

  @Test func allFloatsFit() {
    let axis = Axis(logarithmic: 1e-45...3.4e38)
    #expect(axis.ticks.count <= 7 && axis.ticks.count >= 4)
    #expect(axis.position(1e-45) >= 0 && axis.position(3.4e38) <= 1)
  }
}
