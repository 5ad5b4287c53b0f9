import KeelFaultJudge
import KeelTraining
import Testing

@Suite struct ReliabilityTests {
  @Test func binsHoldEnoughAndPartNoEqualValues() {
    let said = [Double](repeating: 0.5, count: 130) + (0..<70).map { 0.6 + Double($0) / 1000 }
    let reliability = Reliability(said.map { ($0, true) }, least: 50)
    #expect(reliability.bins.map(\.count) == [130, 70])
    #expect(Reliability([(0.9, true)], least: 50).bins.map(\.count) == [1])
  }

  @Test func brierIsTheMeanSquare() {
    #expect(abs(Reliability([(1, true), (0.5, false), (0, false)]).brier - 0.25 / 3) < 1e-12)
  }

  @Test func confidenceIsTheShareAndNeverRisesWithSuspects() throws {
    func seen(_ suspects: Int, right: Int, of all: Int) -> [(Finding.Kind, Int, Bool)] {
      (0..<all).map { (.cause, suspects, $0 < right) }
    }
    let findings =
      seen(1, right: 98, of: 98) + seen(2, right: 10, of: 28) + seen(4, right: 20, of: 28)
    let calibration = Calibration(findings)
    let values = try (1...5).map { try #require(calibration.confidence(.cause, suspects: $0)) }
    #expect(values[0] == 0.99)
    // Two suspects were right less often than more of them: pooled.
    #expect(values[1...].allSatisfy { $0 == 31.0 / 58 })
    #expect(calibration.confidence(.joint, suspects: 1) == nil)
  }
}
