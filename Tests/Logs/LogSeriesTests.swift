import KeelLogs
import Testing

struct LogSeriesTests {
  /// Of a long log the newest values are all there, and of the older ones the largest.
  @Test func aSpikeStays() {
    var series = LogSeries(capacity: 64)
    for step in 0..<10_000 { series.add(step == 1234 ? 1e9 : 1, at: step) }
    #expect(series.count == 10_000 && series.points.count <= 64)
    #expect(series.points.contains { $0.value == 1e9 && $0.step == 1234 })
    #expect(series.points.suffix(32).map(\.step) == Array(9968..<10_000))
    #expect(series.points.map(\.step) == series.points.map(\.step).sorted())
  }

  @Test func whatComesAfterTheEndIsLittle() {
    var series = LogSeries(capacity: 4096)
    for step in 0..<100_000 { series.add(step < 500 ? 1 : .nan, at: step) }
    #expect(series.firstNonFinite?.step == 500 && series.count == 100_000)
    #expect(series.points.count < 1000)
  }

  /// Single values that are lost and come back are events; what does not come back is the end.
  @Test func whatComesBackIsNotTheEnd() {
    func lost(_ values: [ClosedRange<Int>], of count: Int) -> Int? {
      var series = LogSeries()
      for step in 0..<count {
        series.add(values.contains { $0.contains(step) } ? .nan : 1, at: step)
      }
      return series.lost?.step
    }
    #expect(lost([10...10], of: 5000) == nil)
    #expect(lost([10...10, 4000...4999], of: 5000) == 4000)
    #expect(lost([10...10, 201...4999], of: 5000) == 201)
    #expect(lost([100...199], of: 200) == 100)
    #expect(lost([0...0], of: 1) == 0)
  }

  @Test func theValueThatStood() {
    var series = LogSeries()
    for step in [10, 20, 30] { series.add(Double(step), at: step) }
    #expect(series.value(at: 9) == nil && series.value(at: 10) == 10)
    #expect(series.value(at: 29) == 20 && series.value(at: 99) == 30)
    #expect(series.interval == 10)
  }
}
